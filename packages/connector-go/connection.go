package connector

import (
	"cmp"
	"context"
	"sync"
	"time"
)

const defaultTimeout = 30 * time.Second

// connection is what the streams know of Connect and Disconnect.
type connection struct {
	mu      sync.Mutex
	current *link // nil = not connected
}

// link is the time from one Connect to the next Disconnect.
type link struct {
	timeout time.Duration // of one operation

	closing context.Context // ends when Disconnect begins
	close   context.CancelFunc
	gone    context.Context // ends when it has returned
	leave   context.CancelFunc
}

// open is called when the Impl has connected, which may be a second time.
func (c *connection) open(config ConnectionConfig) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		return
	}
	c.current = &link{timeout: cmp.Or(config.Timeout, defaultTimeout)}
	c.current.closing, c.current.close = context.WithCancel(context.Background())
	c.current.gone, c.current.leave = context.WithCancel(context.Background())
}

// disconnect runs the Impl's Disconnect: streams take nothing more from its begin on, and end with it.
func (c *connection) disconnect(disconnect func() error) error {
	c.mu.Lock()
	ending := c.current
	c.current = nil
	c.mu.Unlock()
	if ending != nil {
		ending.close()
		defer ending.leave()
	}
	return disconnect()
}

func (c *connection) link() (*link, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return nil, &PluginError{Code: CodeNotConnected, Message: "call Connect first", Recoverable: true}
	}
	return c.current, nil
}

// limited is ctx with the limit of one operation of a connection that is configured so.
func limited(ctx context.Context, config ConnectionConfig) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, cmp.Or(config.Timeout, defaultTimeout))
}

// limited is ctx with the limit of one operation, where there is a connection.
func (c *connection) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	current, err := c.link()
	if err != nil {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, current.timeout)
}

func disconnected() *PluginError {
	return &PluginError{
		Code: CodeNotConnected, Message: "the connection was closed by Disconnect", Recoverable: true,
	}
}

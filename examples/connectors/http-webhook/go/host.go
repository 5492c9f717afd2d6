package main

import (
	"context"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

var _ connector.HostAware = (*MyHTTPConnector)(nil)

// AttachHost greets the host in the background: it is still waiting for this call to return.
func (c *MyHTTPConnector) AttachHost(host connector.HostFunctions) {
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = host.Log(ctx, "info", "attached to "+c.Metadata().Name)
		_ = host.RecordMetric(ctx, "attached", 1, nil)
	}()
}

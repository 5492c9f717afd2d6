package connector_test

import (
	"context"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// node is an Impl that knows only the specification. Its fields are what the methods do.
type node struct {
	metadata   connector.PluginMetadata
	validate   func(context.Context, connector.ConnectionConfig) error
	connect    func(context.Context, connector.ConnectionConfig) error
	disconnect func(context.Context) error
	send       func(context.Context, connector.Message) (string, error)
	receive    func(context.Context) (connector.Message, error)
	health     func(context.Context) error
}

func (n *node) Metadata() connector.PluginMetadata { return n.metadata }

func (n *node) Validate(ctx context.Context, config connector.ConnectionConfig) error {
	return n.validate(ctx, config)
}

func (n *node) Connect(ctx context.Context, config connector.ConnectionConfig) error {
	return n.connect(ctx, config)
}

func (n *node) Disconnect(ctx context.Context) error { return n.disconnect(ctx) }

func (n *node) Send(ctx context.Context, msg connector.Message) (string, error) {
	return n.send(ctx, msg)
}

func (n *node) Receive(ctx context.Context) (connector.Message, error) { return n.receive(ctx) }

func (n *node) Health(ctx context.Context) error { return n.health(ctx) }

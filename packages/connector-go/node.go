package connector

import "context"

// ConnectionNode is a connector, as its host sees it and as its author writes it. Every method may be
// called at any time and concurrently; a cancelled context ends the call.
type ConnectionNode interface {
	// Validate checks configuration and connectivity and leaves nothing behind. It is called when
	// the plugin is loaded and when the configuration changes.
	Validate(ctx context.Context, config ConnectionConfig) error

	// Connect establishes the connection to the external system. It is called once at startup.
	Connect(ctx context.Context, config ConnectionConfig) error

	// Disconnect closes the connection gracefully. It is called on shutdown.
	Disconnect(ctx context.Context) error

	// Send makes one attempt to send a message (outgoing connections). It gives the id that the
	// external system gave the message, or Message.ID.
	Send(ctx context.Context, msg Message) (messageID string, err error)

	// Receive blocks until there is a message (incoming connections) or the context is cancelled.
	// Concurrent calls each get another message.
	Receive(ctx context.Context) (Message, error)

	// Health gives nil if the connection works.
	Health(ctx context.Context) error

	// Metadata gives the plugin's metadata and capabilities. It needs no Connect.
	Metadata() PluginMetadata
}

package connector

import "context"

// The interfaces of this file are optional, as those of extensions.go. A dispensed ConnectionNode
// implements StreamSender and StreamReceiver; whether its connector has streams shows when one is
// opened. An Impl implements neither: this package serves SendStream on top of its Send or SendBatch,
// and ReceiveStream on top of its AckReceiver.

// StreamSender sends many messages over one stream: as many Sends, at a fraction of their cost.
type StreamSender interface {
	// OpenSendStream returns when the connector has announced how many messages it takes at a time.
	// Called after Connect, at any time; several streams may be open. It fails with UNSUPPORTED if the
	// connector has no streams (use Send) or does not send. The ctx is for the stream's whole life: its
	// end breaks the stream.
	OpenSendStream(ctx context.Context) (*SendStream, error)
}

// StreamReceiver receives messages over one stream, and settles them there.
type StreamReceiver interface {
	// OpenReceiveStream returns at once: that the connector has no streams, UNSUPPORTED, is what the
	// first Next fails with (use ReceiveDelivery). Called after Connect, at any time; several streams
	// and Receives compete for the messages. The ctx is for the stream's whole life: its end breaks the
	// stream, and what is not settled comes again.
	OpenReceiveStream(ctx context.Context) (*ReceiveStream, error)
}

// DeliveryFrame is what one step of a ReceiveStream brings.
type DeliveryFrame struct {
	Deliveries []Delivery

	// UnknownDeliveryIDs are those of the stream's settlements that hit nothing: their messages came or
	// come again.
	UnknownDeliveryIDs []string
}

// SendReceipt says that the external system has taken a message.
type SendReceipt struct {
	// MessageID is what the external system calls the message, or Message.ID.
	MessageID string

	// Headers and Payload are those of the external system's answer, if it was asked to be kept.
	Headers map[string]string
	Payload []byte
}

// BatchSender is implemented by an Impl that sends messages of a stream together. Without it each one
// is sent by itself, by Send, many at a time.
type BatchSender interface {
	// SendBatch makes one attempt at each of at most 256 messages. It gives one result per message, in
	// the same order: a failure there concerns its own message only, while an error, a panic or another
	// number of results fails the whole batch. Batches overlap, with each other and with Send. The ctx
	// ends when nobody waits for the batch any more: when the time of its last message is over, after
	// Disconnect, or with the host's stream.
	SendBatch(ctx context.Context, messages []Message) ([]SendResult, error)
}

// SendResult is what became of one message of a batch.
type SendResult struct {
	// Receipt may be empty: Message.ID stands for a missing MessageID.
	Receipt SendReceipt

	// Err is why the message was not sent, or why nobody knows. Nil means that it was.
	Err error
}

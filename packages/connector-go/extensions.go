package connector

import (
	"context"
	"time"
)

// The interfaces of this file are optional. A dispensed ConnectionNode implements AckReceiver,
// WarningValidator and HealthReporter, so a host asserts them; an Impl may implement any of them, and
// is then called through it. More of them are in streams.go.

// AckReceiver receives messages that the host settles. Only the settlement completes a message
// outside (a webhook's 2xx, the PUBACK, the move of a file), so nothing is lost if the host dies.
type AckReceiver interface {
	// ReceiveDelivery is Receive without the implied acknowledgement.
	ReceiveDelivery(ctx context.Context) (Delivery, error)

	// Acknowledge settles deliveries and returns once that is recorded. It gives the ids that are not
	// outstanding (any more): those messages came or come again.
	Acknowledge(ctx context.Context, settlements ...Settlement) (unknown []string, err error)
}

// Delivery is a message handed to the host.
type Delivery struct {
	Message Message

	// ID is unique in the plugin process. Empty means that the plugin has already let go: there is
	// nothing to settle.
	ID string

	// AckTimeout is how long the host may take; afterwards the message comes again under a new ID.
	// Zero means no limit.
	AckTimeout time.Duration
}

// Settlement is what the host says of one delivery: an ack, unless Nack is set.
type Settlement struct {
	DeliveryID string

	// Reply goes with an ack to a caller waiting outside. Sources without one ignore it.
	Reply *Reply

	// Nack refuses the delivery.
	Nack *Nack
}

// Reply answers a caller that waits outside.
type Reply struct {
	// Status in the outside protocol, such as an HTTP status. Zero is the source's default.
	Status  int
	Headers map[string]string
	Payload []byte
}

// Nack refuses a delivery.
type Nack struct {
	// Recoverable true: offer it again. False: the host has it safe (dead letter) and wants it no more.
	Recoverable bool

	// Delay is the least wait before it is offered again.
	Delay time.Duration
}

// WarningValidator is Validate with what works but an operator should know, such as a webhook
// without authentication.
type WarningValidator interface {
	ValidateWithWarnings(ctx context.Context, config ConnectionConfig) (warnings []string, err error)
}

// HealthReporter is Health with the facts behind it.
type HealthReporter interface {
	ReportHealth(ctx context.Context) (HealthReport, error)
}

// HealthReport describes a connection that works.
type HealthReport struct {
	// Degraded: it works, but not as it should; Details say why.
	Degraded bool

	// Details are facts for an operator, such as the port in use, the last error, the lag.
	Details map[string]string
}

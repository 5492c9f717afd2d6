package connector

import "time"

// Message is a data message flowing through the pipeline.
type Message struct {
	// ID is unique and stable over retries: a destination may use it as its idempotency key.
	ID string

	// Payload is the data in any format, byte for byte. It may be empty.
	Payload []byte

	// ContentType is the MIME type of Payload, such as "application/json".
	ContentType string

	// Metadata says whose message this is and how to trace it.
	Metadata MessageMetadata

	// Headers of the outside protocol; HTTP ones in lower case.
	Headers map[string]string

	// Timestamp is when the message was created. The zero time means unknown.
	Timestamp time.Time
}

// Size is what a message counts against the byte credit of a ReceiveStream: payload and headers.
func (m Message) Size() int { return sizeOf(m.Payload, m.Headers) }

// MessageMetadata holds multi-tenancy and context information. Empty strings mean "not known".
type MessageMetadata struct {
	// CustomerID is the tenant's customer identifier.
	CustomerID string

	// TenantID is the VRSky tenant (shared or dedicated).
	TenantID string

	// IntegrationID is the integration that the message belongs to.
	IntegrationID string

	// Source is the id of the connector that received the message.
	Source string

	// Destination is the id of the connector that sends it.
	Destination string

	// CorrelationID joins the messages of one business transaction.
	CorrelationID string

	// TraceID is the distributed tracing id.
	TraceID string
}

// Package messages makes the messages of the benchmark. Every part of it makes the same ones: what the
// TypeScript parts send is compared with these.
package messages

import (
	"fmt"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// Source is the name of the connection that messages come in by.
const Source = "orders-in"

// ContentType is that of every message.
const ContentType = "application/json"

const noID = "00000000000000000000000000"

// ID is that of the nth message: 26 characters, as a ULID has.
func ID(number uint64) string {
	digits := strconv.FormatUint(number, 32)
	return noID[len(digits):] + digits
}

// Number is the inverse of ID.
func Number(id string) (uint64, error) {
	number, err := strconv.ParseUint(id, 32, 64)
	if err != nil || len(id) != len(noID) {
		return 0, fmt.Errorf("not the id of a message of the benchmark: %q", id)
	}
	return number, nil
}

// Payload is the one of all messages of this size.
func Payload(bytes int) []byte {
	payload := make([]byte, bytes)
	for i := range payload {
		payload[i] = ' ' + byte(i%95)
	}
	return payload
}

// Metadata is that of one message.
func Metadata(id string) *connectorpb.MessageMetadata {
	return &connectorpb.MessageMetadata{
		CustomerId:    "customer-000042-northwind",
		TenantId:      "tenant-7f3a91-eu",
		IntegrationId: "integration-orders-to-billing",
		Source:        Source,
		Destination:   "billing-out",
		CorrelationId: id,
		TraceId:       "4bf92f3577b34da6a3ce929d0e0e4736",
	}
}

// Headers are made anew for each message, as a source does that has read them.
func Headers(id string) map[string]string {
	return map[string]string{
		"content-type":    ContentType,
		"host":            "hooks.example.com",
		"idempotency-key": id,
		"user-agent":      "webhooks/2.4.1",
		"x-event":         "order.created",
	}
}

// New makes the nth message.
func New(number uint64, payload []byte) *connectorpb.Message {
	id := ID(number)
	return &connectorpb.Message{
		Id:          id,
		Payload:     payload,
		ContentType: ContentType,
		Metadata:    Metadata(id),
		Headers:     Headers(id),
		Timestamp:   timestamppb.New(time.Now()),
	}
}

// Size is what counts against frames and credits: payload and headers.
func Size(message *connectorpb.Message) int {
	size := len(message.GetPayload())
	for name, value := range message.GetHeaders() {
		size += len(name) + len(value)
	}
	return size
}

package main

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/ValueRetail/vrsky-bench/messages"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

func isUnimplemented(err error) bool { return status.Code(err) == codes.Unimplemented }

// identity is that of all messages.
func identity() *connectorpb.Identity {
	metadata := messages.Metadata("")
	return &connectorpb.Identity{
		CustomerId:    metadata.GetCustomerId(),
		TenantId:      metadata.GetTenantId(),
		IntegrationId: metadata.GetIntegrationId(),
	}
}

// checkReceipt compares as much as the plugin can know.
func (o *options) checkReceipt(receipt *connectorpb.SendReceipt, id string) error {
	got := receipt.GetMessageId()
	if got == id || o.FixedAnswers && len(got) == len(id) {
		return nil
	}
	return fmt.Errorf("message %s was answered for %q", id, got)
}

// received is what came in. It takes a message once only, and only one of the benchmark.
type received struct {
	*options
	mu    sync.Mutex
	seen  []uint64 // a bit for each number
	count uint64
}

func newReceived(o *options) *received { return &received{options: o} }

func (r *received) check(message *connectorpb.Message) error {
	if len(message.GetPayload()) != r.PayloadBytes {
		return fmt.Errorf("a payload of %d bytes, expected %d", len(message.GetPayload()), r.PayloadBytes)
	}
	number, err := messages.Number(message.GetId())
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.count == 0
	r.count++
	if first {
		if err := checkWhole(message); err != nil {
			return err
		}
	}
	if r.FixedAnswers {
		return nil
	}
	word, bit := number/64, uint64(1)<<(number%64)
	for uint64(len(r.seen)) <= word {
		r.seen = append(r.seen, make([]uint64, 1024)...)
	}
	if r.seen[word]&bit != 0 {
		return fmt.Errorf("message %s came twice", message.GetId())
	}
	r.seen[word] |= bit
	return nil
}

// checkWhole compares a message with what this side would have made.
func checkWhole(message *connectorpb.Message) error {
	id := message.GetId()
	same := message.GetContentType() == messages.ContentType &&
		proto.Equal(message.GetMetadata(), messages.Metadata(id)) &&
		maps.Equal(message.GetHeaders(), messages.Headers(id)) &&
		message.GetTimestamp().IsValid()
	if !same {
		return fmt.Errorf("another message than the benchmark's: %v", message)
	}
	return nil
}

// checkReceived is for the end: what came is what was made, and the plugin knows that it is settled.
func (r *run) checkReceived(ctx context.Context, received *received) error {
	for number := range received.count {
		if !r.FixedAnswers && received.seen[number/64]&(1<<(number%64)) == 0 {
			return fmt.Errorf("message %s is missing", messages.ID(number))
		}
	}
	return r.checkCount(ctx, "acked", received.count)
}

// checkCount waits until the plugin has counted as much: a Receive without explicit ack is acked when
// its call has closed.
func (r *run) checkCount(ctx context.Context, detail string, want uint64) error {
	if r.FixedAnswers {
		return nil
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		health, err := r.rpc.Health(ctx, &connectorpb.HealthRequest{})
		if err != nil {
			return fmt.Errorf("Health: %w", err)
		}
		got, err := strconv.ParseUint(health.GetDetails()[detail], 10, 64)
		if err == nil && got == want {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the plugin says %s=%q, expected %d", detail, health.GetDetails()[detail], want)
		}
	}
}

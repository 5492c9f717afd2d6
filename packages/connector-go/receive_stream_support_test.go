package connector_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

const plenty = 1 << 40 // bytes of credit

func openReceiveStream(
	t *testing.T, ctx context.Context, dispensed connector.ConnectionNode,
) *connector.ReceiveStream {
	t.Helper()
	stream, err := dispensed.(connector.StreamReceiver).OpenReceiveStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// scripted gives settings with messages m-0, m-1, … of so many bytes.
func scripted(count, bytes int) map[string]interface{} {
	var messages []map[string]interface{}
	for i := range count {
		messages = append(messages, map[string]interface{}{"id": fmt.Sprintf("m-%d", i), "bytes": bytes})
	}
	return map[string]interface{}{"messages": messages}
}

// read gives the next deliveries, up to count.
func read(t *testing.T, stream *connector.ReceiveStream, count int) (deliveries []connector.Delivery) {
	t.Helper()
	for len(deliveries) < count {
		frame, err := stream.Next()
		if err != nil {
			t.Fatalf("after %d deliveries: %v", len(deliveries), err)
		}
		deliveries = append(deliveries, frame.Deliveries...)
	}
	return deliveries
}

func ids(deliveries []connector.Delivery) (ids []string) {
	for _, delivery := range deliveries {
		ids = append(ids, delivery.Message.ID)
	}
	return ids
}

func ack(t *testing.T, stream *connector.ReceiveStream, deliveries ...connector.Delivery) {
	t.Helper()
	for _, delivery := range deliveries {
		if err := stream.Settle(connector.Settlement{DeliveryID: delivery.ID}); err != nil {
			t.Fatal(err)
		}
	}
}

func ends(t *testing.T, stream *connector.ReceiveStream) {
	t.Helper()
	for range 2 {
		if frame, err := stream.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("%+v, %v", frame, err)
		}
	}
}

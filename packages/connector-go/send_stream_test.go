package connector_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func TestAStreamSendsWhatASendWould(t *testing.T) {
	eachTLS(t, func(t *testing.T, autoMTLS bool) {
		dispensed, _ := launch(t, memoryConnector, autoMTLS, &connector.ConnectionNodePlugin{})
		if err := dispensed.Connect(t.Context(), memoryConfig(nil)); err != nil {
			t.Fatal(err)
		}
		stream := openSendStream(t, t.Context(), dispensed)
		large := fullMessage()
		large.ID, large.Payload = "m-2", bytes.Repeat([]byte{0xff, 0}, 5<<19) // 5 MiB
		for _, message := range []connector.Message{fullMessage(), large} {
			receipt, err := stream.Send(within(t, 10*time.Second), message)
			if err != nil || !strings.HasPrefix(receipt.MessageID, "memory-") {
				t.Fatalf("Send: %+v, %v", receipt, err)
			}
			received, err := dispensed.Receive(within(t, 10*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, received, message)
		}
		if err := stream.Close(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Send(t.Context(), fullMessage()); code(err) != connector.CodeNotConnected {
			t.Fatalf("after Close: %v", err)
		}
	})
}

func TestManySendsTravelTogether(t *testing.T) {
	const count = 5000
	dispensed := connectMemory(t, nil, "-batches")
	stream := openSendStream(t, t.Context(), dispensed)
	results := sendMany(stream, count)
	for range count {
		if err := next(t, results); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.Close(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	sent, batches := detail(t, dispensed, "sent"), detail(t, dispensed, "batches")
	if sent != count || batches > count/2 {
		t.Fatalf("%d messages in %d batches", sent, batches)
	}
}

func TestNoMoreIsUnderWayThanTheConnectorTakes(t *testing.T) {
	const count = maxInFlight + 300
	dispensed := connectMemory(t, map[string]interface{}{"hang": "Send"})
	ctx, breakStream := context.WithCancel(t.Context())
	stream := openSendStream(t, ctx, dispensed)
	results := sendMany(stream, count)
	eventually(t, "the connector has as many as it takes", func() bool {
		sending := detail(t, dispensed, "sending")
		if sending > maxInFlight {
			t.Fatalf("%d at a time", sending)
		}
		return sending == maxInFlight
	})
	breakStream()
	for range count {
		if err := next(t, results); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	eventually(t, "the connector has given up", func() bool { return detail(t, dispensed, "sending") == 0 })
	if err := stream.Close(t.Context()); !errors.Is(err, context.Canceled) {
		t.Fatalf("Close: %v", err)
	}
}

func TestEachMessageHasALimit(t *testing.T) {
	config := memoryConfig(map[string]interface{}{"hang": "Send"})
	config.Timeout = 50 * time.Millisecond
	dispensed, _ := launch(t, memoryConnector, true, &connector.ConnectionNodePlugin{})
	if err := dispensed.Connect(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	stream := openSendStream(t, t.Context(), dispensed)
	_, err := stream.Send(t.Context(), fullMessage())
	if failure := plugError(t, err); failure.Code != connector.CodeTimeout || !failure.Recoverable {
		t.Fatalf("the connection's timeout: %v", err)
	}
	began := time.Now()
	_, err = stream.Send(within(t, 300*time.Millisecond), fullMessage())
	if took := time.Since(began); took < 250*time.Millisecond {
		t.Fatalf("the caller's deadline: after %s already: %v", took, err)
	}
	if !errors.Is(err, context.DeadlineExceeded) && code(err) != connector.CodeTimeout {
		t.Fatalf("the caller's deadline: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := stream.Send(cancelled, fullMessage()); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
	// The connector reports the cancelled one, too.
	if err := stream.Close(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
}

func TestAMessageAboveTheLimitFailsForGoodAndNoOther(t *testing.T) {
	dispensed := connectMemory(t, map[string]interface{}{"hang": "Send"})
	stream := openSendStream(t, t.Context(), dispensed)
	neighbours := sendMany(stream, 2)
	eventually(t, "they are under way", func() bool { return detail(t, dispensed, "sending") == 2 })
	tooLarge := fullMessage()
	tooLarge.Payload = make([]byte, connector.MaxMessageBytes+1)
	_, err := stream.Send(within(t, 10*time.Second), tooLarge)
	if failure := plugError(t, err); failure.Code != connector.CodePayloadTooLarge || failure.Recoverable {
		t.Fatalf("got %v", err)
	}
	for range 2 {
		if failure := plugError(t, next(t, neighbours)); !failure.Recoverable {
			t.Fatalf("a neighbour: %v", failure)
		}
	}
	if err := dispensed.Health(t.Context()); err != nil {
		t.Fatal(err)
	}
}

package connector_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func TestCloseWaitsForWhatIsUnderWay(t *testing.T) {
	const count = 3000 // more than may be under way at a time
	dispensed := connectMemory(t, nil)
	stream := openSendStream(t, t.Context(), dispensed)
	handedOver := sync.WaitGroup{}
	results := make(chan error, count)
	for range count {
		handedOver.Add(1)
		go func() {
			handedOver.Done()
			_, err := stream.Send(context.Background(), fullMessage())
			results <- err
		}()
	}
	handedOver.Wait()
	if err := stream.Close(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	taken := 0
	for range count {
		if err := next(t, results); err == nil {
			taken++
		} else if code(err) != connector.CodeNotConnected { // it came after Close
			t.Fatal(err)
		}
	}
	if sent := detail(t, dispensed, "sent"); sent != taken || taken == 0 {
		t.Fatalf("%d sent, %d answered", sent, taken)
	}
}

func TestCloseEndsWithItsContext(t *testing.T) {
	dispensed := connectMemory(t, map[string]interface{}{"hang": "Send"})
	stream := openSendStream(t, t.Context(), dispensed)
	results := sendMany(stream, 1)
	eventually(t, "it is under way", func() bool { return detail(t, dispensed, "sending") == 1 })
	if err := stream.Close(within(t, 50*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Close: %v", err)
	}
	if err := next(t, results); err == nil {
		t.Fatal("sent")
	}
}

func TestALostConnectorLeavesTheOutcomeUnknown(t *testing.T) {
	dispensed, client := launch(t, memoryConnector, true, &connector.ConnectionNodePlugin{})
	if err := dispensed.Connect(t.Context(), memoryConfig(map[string]interface{}{"crash": "Send"})); err != nil {
		t.Fatal(err)
	}
	stream := openSendStream(t, t.Context(), dispensed)
	results := sendMany(stream, 10)
	for range 10 {
		failure := plugError(t, next(t, results))
		if failure.Code != connector.CodeConnectionFailed || !failure.Recoverable {
			t.Fatalf("got %v", failure)
		}
	}
	next(t, stream.Done())
	if _, err := stream.Send(t.Context(), fullMessage()); code(err) != connector.CodeConnectionFailed {
		t.Fatalf("afterwards: %v", err)
	}
	eventually(t, "the process has exited", client.Exited)
}

func TestDisconnectEndsASendStream(t *testing.T) {
	dispensed := connectMemory(t, map[string]interface{}{"hang": "Send"})
	stream := openSendStream(t, t.Context(), dispensed)
	results := sendMany(stream, 1)
	eventually(t, "it is under way", func() bool { return detail(t, dispensed, "sending") == 1 })
	if err := dispensed.Disconnect(t.Context()); err != nil {
		t.Fatal(err)
	}
	failure := plugError(t, next(t, results))
	if failure.Code != connector.CodeConnectionFailed || !strings.Contains(failure.Message, "outcome is unknown") {
		t.Fatalf("got %v", failure)
	}
	next(t, stream.Done())
	if _, err := stream.Send(t.Context(), fullMessage()); code(err) != connector.CodeNotConnected {
		t.Fatalf("afterwards: %v", err)
	}
	_, err := dispensed.(connector.StreamSender).OpenSendStream(t.Context())
	if code(err) != connector.CodeNotConnected {
		t.Fatalf("another stream: %v", err)
	}
}

package connector_test

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"testing"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

const maxInFlight = 1024

// connectMemory starts a memory connector and connects it.
func connectMemory(t *testing.T, settings map[string]interface{}, arguments ...string) connector.ConnectionNode {
	t.Helper()
	client := start(t, exec.Command(memoryConnector, arguments...), true, &connector.ConnectionNodePlugin{})
	dispensed := dispense(t, client)
	if err := dispensed.Connect(t.Context(), memoryConfig(settings)); err != nil {
		t.Fatal(err)
	}
	return dispensed
}

func openSendStream(t *testing.T, ctx context.Context, dispensed connector.ConnectionNode) *connector.SendStream {
	t.Helper()
	stream, err := dispensed.(connector.StreamSender).OpenSendStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// detail is what Health tells, as a number.
func detail(t *testing.T, dispensed connector.ConnectionNode, name string) int {
	t.Helper()
	report, err := dispensed.(connector.HealthReporter).ReportHealth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(report.Details[name])
	if err != nil {
		t.Fatalf("%s: %v", name, report.Details)
	}
	return number
}

// sendMany sends messages m-0, m-1, … at the same time. The channel gets an error, or nil, for each.
func sendMany(stream *connector.SendStream, count int) <-chan error {
	results := make(chan error, count)
	for i := range count {
		go func() {
			message := fullMessage()
			message.ID = fmt.Sprintf("m-%d", i)
			_, err := stream.Send(context.Background(), message)
			results <- err
		}()
	}
	return results
}

package connector_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// The host's own Kill closes its connection, which grpc-go reports as CANCELED to the calls under way.
func TestCallsToAKilledConnectorFailAsConnectionErrors(t *testing.T) {
	dispensed, client := launch(t, memoryConnector, true, &connector.ConnectionNodePlugin{})
	if err := dispensed.Connect(t.Context(), memoryConfig(map[string]interface{}{"hang": "Send"})); err != nil {
		t.Fatal(err)
	}
	ctx := within(t, 30*time.Second)
	sending := openSendStream(t, ctx, dispensed)
	receiving := openReceiveStream(t, ctx, dispensed)
	calls := map[string]func() error{
		"Send":          func() error { _, err := dispensed.Send(ctx, fullMessage()); return err },
		"Receive":       func() error { _, err := dispensed.Receive(ctx); return err },
		"SendStream":    func() error { _, err := sending.Send(ctx, fullMessage()); return err },
		"ReceiveStream": func() error { _, err := receiving.Next(); return err },
		"Health":        func() error { return dispensed.Health(ctx) },
		"Validate":      func() error { return dispensed.Validate(ctx, fullConfig()) },
	}
	underWay := map[string]chan error{}
	for _, name := range []string{"Send", "Receive", "SendStream", "ReceiveStream"} {
		underWay[name] = make(chan error, 1)
		go func() { underWay[name] <- calls[name]() }()
	}
	eventually(t, "both Sends are under way", func() bool { return detail(t, dispensed, "sending") == 2 })
	client.Kill()
	for name, result := range underWay {
		expectConnectionLost(t, name+", under way", next(t, result))
	}
	for name, call := range calls {
		expectConnectionLost(t, name+", afterwards", call())
	}
}

func expectConnectionLost(t *testing.T, call string, err error) {
	t.Helper()
	var failure *connector.PluginError
	if !errors.As(err, &failure) || failure.Code != connector.CodeConnectionFailed || !failure.Recoverable {
		t.Errorf("%s: got %v", call, err)
	}
}

func TestACallThatItsCallerEndedBeforeTheKillStaysCancelled(t *testing.T) {
	dispensed, client := launch(t, memoryConnector, true, &connector.ConnectionNodePlugin{})
	if err := dispensed.Connect(t.Context(), memoryConfig(nil)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	client.Kill()
	if _, err := dispensed.Receive(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

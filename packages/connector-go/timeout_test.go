package connector_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// The Impl waits for the end of its context; the caller has no deadline.
func TestTheConnectionsTimeoutEndsEveryCallOfItsCaller(t *testing.T) {
	waiting := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	config := connector.ConnectionConfig{ID: "1", Timeout: 200 * time.Millisecond}
	connects := func(context.Context, connector.ConnectionConfig) error { return nil }
	for name, call := range map[string]func(connector.ConnectionNode) error{
		"Validate":   func(n connector.ConnectionNode) error { return n.Validate(context.Background(), config) },
		"Disconnect": func(n connector.ConnectionNode) error { return n.Disconnect(context.Background()) },
		"Health":     func(n connector.ConnectionNode) error { return n.Health(context.Background()) },
		"Send": func(n connector.ConnectionNode) error {
			_, err := n.Send(context.Background(), fullMessage())
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dispensed := serve(t, &node{
				validate:   func(ctx context.Context, _ connector.ConnectionConfig) error { return waiting(ctx) },
				connect:    connects,
				disconnect: waiting,
				health:     waiting,
				send:       func(ctx context.Context, _ connector.Message) (string, error) { return "", waiting(ctx) },
			})
			if err := dispensed.Connect(t.Context(), config); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- call(dispensed) }()
			var failure *connector.PluginError
			if err := next(t, ended); !errors.As(err, &failure) || failure.Code != connector.CodeTimeout {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheConnectionsTimeoutEndsConnect(t *testing.T) {
	dispensed := serve(t, &node{connect: func(ctx context.Context, _ connector.ConnectionConfig) error {
		<-ctx.Done()
		return ctx.Err()
	}})
	ended := make(chan error, 1)
	go func() {
		ended <- dispensed.Connect(context.Background(), connector.ConnectionConfig{Timeout: 200 * time.Millisecond})
	}()
	var failure *connector.PluginError
	if err := next(t, ended); !errors.As(err, &failure) || failure.Code != connector.CodeTimeout {
		t.Errorf("got %v", err)
	}
}

package connector_test

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func fullMessage() connector.Message {
	return connector.Message{
		ID:          "m-1",
		Payload:     []byte{0xff, 0x00, 0xfe, '\n'}, // not UTF-8
		ContentType: "application/octet-stream",
		Metadata: connector.MessageMetadata{
			CustomerID: "c", TenantID: "t", IntegrationID: "i", Source: "s", Destination: "d",
			CorrelationID: "corr", TraceID: "trace",
		},
		Headers:   map[string]string{"x-name": "värde"},
		Timestamp: time.Date(2026, 1, 28, 12, 0, 0, 123456789, time.UTC),
	}
}

func fullConfig() connector.ConnectionConfig {
	return connector.ConnectionConfig{
		ID:          "conn",
		Name:        "A connection",
		Type:        "memory",
		Settings:    map[string]interface{}{"port": 8080.0, "list": []interface{}{"a", nil, true}, "deep": map[string]interface{}{"x": 1.5}},
		Credentials: map[string]string{"api_key": "k"},
		Timeout:     1500*time.Millisecond + 7*time.Nanosecond,
		RetryPolicy: connector.RetryPolicy{
			MaxRetries: 5, BackoffMultiplier: 1.5, InitialBackoff: time.Nanosecond, MaxBackoff: time.Hour,
		},
	}
}

func TestEveryFieldOfAMessageGoesBothWays(t *testing.T) {
	var sent connector.Message
	dispensed := serve(t, &node{
		send:    func(_ context.Context, msg connector.Message) (string, error) { sent = msg; return "remote-1", nil },
		receive: func(context.Context) (connector.Message, error) { return fullMessage(), nil },
	})
	id, err := dispensed.Send(t.Context(), fullMessage())
	if err != nil || id != "remote-1" {
		t.Fatalf("Send: %q, %v", id, err)
	}
	equal(t, sent, fullMessage())
	received, err := dispensed.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, received, fullMessage())
}

func TestEveryFieldOfAConfigurationArrives(t *testing.T) {
	var validated, connected connector.ConnectionConfig
	dispensed := serve(t, &node{
		validate: func(_ context.Context, c connector.ConnectionConfig) error { validated = c; return nil },
		connect:  func(_ context.Context, c connector.ConnectionConfig) error { connected = c; return nil },
	})
	if err := errors.Join(
		dispensed.Validate(t.Context(), fullConfig()), dispensed.Connect(t.Context(), fullConfig()),
	); err != nil {
		t.Fatal(err)
	}
	equal(t, validated, fullConfig())
	equal(t, connected, fullConfig())
}

func TestTypedSettingsArriveAsJSON(t *testing.T) {
	type route struct {
		Path string `json:"path"`
	}
	var got map[string]interface{}
	dispensed := serve(t, &node{
		connect: func(_ context.Context, c connector.ConnectionConfig) error { got = c.Settings; return nil },
	})
	err := dispensed.Connect(t.Context(), connector.ConnectionConfig{Settings: map[string]interface{}{
		"port": 8080, "names": []string{"a"}, "limits": map[string]int{"x": 1}, "route": route{Path: "/a"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, map[string]interface{}{
		"port": 8080.0, "names": []interface{}{"a"}, "limits": map[string]interface{}{"x": 1.0},
		"route": map[string]interface{}{"path": "/a"},
	})
	err = dispensed.Connect(t.Context(), connector.ConnectionConfig{
		Settings: map[string]interface{}{"callback": func() {}},
	})
	if failure := plugError(t, err); failure.Code != connector.CodeInvalidConfig || failure.Field != "settings" {
		t.Fatalf("got %v", failure)
	}
}

func TestNothingArrivesAsEmptyAndWritable(t *testing.T) {
	var config connector.ConnectionConfig
	var sent connector.Message
	dispensed := serve(t, &node{
		connect: func(_ context.Context, c connector.ConnectionConfig) error { config = c; return nil },
		send:    func(_ context.Context, m connector.Message) (string, error) { sent = m; return "", nil },
	})
	_, sendErr := dispensed.Send(t.Context(), connector.Message{ID: "m"})
	if err := errors.Join(sendErr, dispensed.Connect(t.Context(), connector.ConnectionConfig{})); err != nil {
		t.Fatal(err)
	}
	equal(t, config, connector.ConnectionConfig{
		Settings: map[string]interface{}{}, Credentials: map[string]string{},
	})
	if !sent.Timestamp.IsZero() || len(sent.Payload) != 0 || sent.Headers == nil {
		t.Fatalf("got %+v", sent)
	}
}

func TestGoPluginsDefaultServerRefusesFiveMiB(t *testing.T) {
	dispensed := serve(t, &node{
		send: func(context.Context, connector.Message) (string, error) { return "", nil },
	})
	_, err := dispensed.Send(t.Context(), connector.Message{Payload: bytes.Repeat([]byte("x"), 5<<20)})
	if failure := plugError(t, err); failure.Code != connector.CodePayloadTooLarge || failure.Recoverable {
		t.Fatalf("got %v", failure)
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

func plugError(t *testing.T, err error) *connector.PluginError {
	t.Helper()
	var failure *connector.PluginError
	if !errors.As(err, &failure) {
		t.Fatalf("not a PluginError: %v", err)
	}
	return failure
}

func code(err error) string {
	if failure := new(connector.PluginError); errors.As(err, &failure) {
		return failure.Code
	}
	return ""
}

package connector_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// eachTLS runs a test against a process without and with AutoMTLS.
func eachTLS(t *testing.T, test func(t *testing.T, autoMTLS bool)) {
	t.Run("plain", func(t *testing.T) { test(t, false) })
	t.Run("AutoMTLS", func(t *testing.T) { test(t, true) })
}

func memoryConfig(settings map[string]interface{}) connector.ConnectionConfig {
	config := fullConfig()
	config.Settings = settings
	return config
}

func TestAProcessReturnsEveryFieldOfAMessage(t *testing.T) {
	eachTLS(t, func(t *testing.T, autoMTLS bool) {
		dispensed, _ := launch(t, memoryConnector, autoMTLS, &connector.ConnectionNodePlugin{})
		config := memoryConfig(nil)
		if err := errors.Join(dispensed.Validate(t.Context(), config), dispensed.Connect(t.Context(), config)); err != nil {
			t.Fatal(err)
		}
		large := fullMessage()
		large.ID, large.Payload = "m-2", bytes.Repeat([]byte{0xff, 0}, 5<<19) // 5 MiB
		for _, message := range []connector.Message{fullMessage(), large} {
			if id, err := dispensed.Send(t.Context(), message); err != nil || !strings.HasPrefix(id, "memory-") {
				t.Fatalf("Send: %q, %v", id, err)
			}
			received, err := dispensed.Receive(within(t, 10*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, received, message)
		}
		tooLarge := connector.Message{Payload: make([]byte, connector.MaxMessageBytes+1)}
		if _, err := dispensed.Send(t.Context(), tooLarge); code(err) != connector.CodePayloadTooLarge {
			t.Fatalf("above the limit: %v", err)
		}
		if err := errors.Join(dispensed.Health(t.Context()), dispensed.Disconnect(t.Context())); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAProcessCallsAllHostFunctions(t *testing.T) {
	eachTLS(t, func(t *testing.T, autoMTLS bool) {
		config := memoryConfig(map[string]interface{}{"callHost": true, "secret": "listed"})
		offered := statefulHost{newHost(config)}
		dispensed, _ := launch(t, memoryConnector, autoMTLS, &connector.ConnectionNodePlugin{Host: offered})
		if err := dispensed.Connect(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		report, err := dispensed.(connector.HealthReporter).ReportHealth(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"attached": "true", "getSecret": "6 bytes", "log": "ok", "recordMetric": "ok",
			"getConfiguration": "true", "state": "1",
			"getUnlistedSecret": "[NOT_FOUND] no such secret (recoverable=false)",
		} {
			if got := report.Details["host."+name]; got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
	})
}

func TestAProcessIsAcknowledgedExplicitly(t *testing.T) {
	dispensed, _ := launch(t, memoryConnector, true, &connector.ConnectionNodePlugin{})
	config := memoryConfig(map[string]interface{}{
		"ackTimeoutMs": 200, "messages": []map[string]string{{"id": "m-1", "text": "hello"}},
	})
	if err := dispensed.Connect(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	acks := dispensed.(connector.AckReceiver)
	seen := map[string]bool{}
	receive := func() connector.Delivery {
		delivery, err := acks.ReceiveDelivery(within(t, 10*time.Second))
		if err != nil || seen[delivery.ID] || string(delivery.Message.Payload) != "hello" {
			t.Fatalf("got %+v, %v", delivery, err)
		}
		seen[delivery.ID] = true
		return delivery
	}
	late := receive() // and let its lease end
	nacked := receive()
	unknown, err := acks.Acknowledge(t.Context(),
		connector.Settlement{DeliveryID: late.ID},
		connector.Settlement{DeliveryID: nacked.ID, Nack: &connector.Nack{Recoverable: true}},
	)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, unknown, []string{late.ID})
	unknown, err = acks.Acknowledge(t.Context(), connector.Settlement{DeliveryID: receive().ID})
	if err != nil || len(unknown) != 0 {
		t.Fatalf("got %v, %v", unknown, err)
	}
	if _, err := dispensed.Receive(within(t, 300*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("after the ack: %v", err)
	}
}

func TestACrashIsARecoverableConnectionError(t *testing.T) {
	dispensed, client := launch(t, memoryConnector, true, &connector.ConnectionNodePlugin{})
	if err := dispensed.Connect(t.Context(), memoryConfig(map[string]interface{}{"crash": "Send"})); err != nil {
		t.Fatal(err)
	}
	_, err := dispensed.Send(within(t, 10*time.Second), fullMessage())
	if failure := plugError(t, err); failure.Code != connector.CodeConnectionFailed || !failure.Recoverable {
		t.Fatalf("got %v", failure)
	}
	eventually(t, "the process has exited", client.Exited)
}

func TestAHungCallEndsWithItsContextAndKillStillWorks(t *testing.T) {
	dispensed, client := launch(t, memoryConnector, true, &connector.ConnectionNodePlugin{})
	if err := dispensed.Connect(t.Context(), memoryConfig(map[string]interface{}{"hang": "Send"})); err != nil {
		t.Fatal(err)
	}
	_, err := dispensed.Send(within(t, 100*time.Millisecond), fullMessage())
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	blocked := make(chan error, 1)
	go func() {
		_, err := dispensed.Receive(context.Background())
		blocked <- err
	}()
	start := time.Now()
	client.Kill()
	if took := time.Since(start); took > 2*time.Second {
		t.Fatalf("Kill took %s", took)
	}
	if err := next(t, blocked); err == nil {
		t.Fatal("the blocked Receive got a message")
	}
}

func TestAHostMustAllowGRPC(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // a killed process leaves its socket
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: connector.Handshake,
		Plugins:         map[string]plugin.Plugin{connector.PluginName: &connector.ConnectionNodePlugin{}},
		Cmd:             exec.Command(memoryConnector),
		Logger:          hclog.NewNullLogger(),
	})
	defer client.Kill()
	if _, err := client.Client(); err == nil || !strings.Contains(err.Error(), `unsupported plugin protocol "grpc"`) {
		t.Fatalf("got %v", err)
	}
}

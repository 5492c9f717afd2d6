package connector_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func TestAHalfClosedStreamEndsWithItsLastLease(t *testing.T) {
	settings := scripted(2, 1)
	settings["ackTimeoutMs"] = 200
	dispensed := connectMemory(t, settings)
	stream := openReceiveStream(t, within(t, 10*time.Second), dispensed)
	stream.Grant(2, plenty)
	held := read(t, stream, 2)
	stream.HalfClose()
	ends(t, stream)
	again, err := dispensed.(connector.AckReceiver).ReceiveDelivery(within(t, 10*time.Second))
	if err != nil || again.ID == held[0].ID || again.ID == held[1].ID {
		t.Fatalf("got %+v, %v", again, err)
	}
}

func TestABrokenStreamGivesEverythingBack(t *testing.T) {
	dispensed := connectMemory(t, scripted(3, 1))
	ctx, breakStream := context.WithCancel(t.Context())
	stream := openReceiveStream(t, ctx, dispensed)
	stream.Grant(2, plenty)
	held := read(t, stream, 2)
	ack(t, stream, held[0])
	eventually(t, "the ack is recorded", func() bool { return detail(t, dispensed, "acked") == 1 })
	breakStream()
	if _, err := stream.Next(); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	eventually(t, "the other one is back", func() bool { return detail(t, dispensed, "waiting") == 2 })
	if outstanding := detail(t, dispensed, "outstanding"); outstanding != 0 {
		t.Fatalf("%d outstanding", outstanding)
	}
}

func TestDisconnectEndsAReceiveStream(t *testing.T) {
	dispensed := connectMemory(t, scripted(1, 1))
	stream := openReceiveStream(t, within(t, 10*time.Second), dispensed)
	stream.Grant(2, plenty)
	read(t, stream, 1)
	if err := dispensed.Disconnect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Next(); code(err) != connector.CodeNotConnected {
		t.Fatalf("got %v", err)
	}
	another := openReceiveStream(t, within(t, 10*time.Second), dispensed)
	if _, err := another.Next(); code(err) != connector.CodeNotConnected {
		t.Fatalf("another stream: %v", err)
	}
}

func TestASourceThatFailsEndsTheStream(t *testing.T) {
	settings := scripted(1, 1)
	settings["fail"] = map[string]interface{}{
		"Receive": map[string]interface{}{"code": "AUTH_FAILED", "message": "no"},
	}
	stream := openReceiveStream(t, within(t, 10*time.Second), connectMemory(t, settings))
	stream.Grant(1, plenty)
	_, err := stream.Next()
	equal(t, *plugError(t, err), connector.PluginError{Code: connector.CodeAuthFailed, Message: "no"})
}

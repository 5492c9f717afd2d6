package connector_test

import (
	"bytes"
	"context"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// Impls with and without the optional interfaces, and connectors that know nothing of streams.

func connectedInProcess(t *testing.T, impl connector.ConnectionNode) connector.ConnectionNode {
	t.Helper()
	dispensed := serve(t, impl)
	if err := dispensed.Connect(t.Context(), fullConfig()); err != nil {
		t.Fatal(err)
	}
	return dispensed
}

func connects(context.Context, connector.ConnectionConfig) error { return nil }

func TestAConnectorWithoutStreamsIsUnsupported(t *testing.T) {
	client := inProcessClient(t, &foreignPlugin{server: foreignNode{}})
	raw, err := client.Dispense(connector.PluginName)
	if err != nil {
		t.Fatal(err)
	}
	dispensed := raw.(connector.ConnectionNode)
	_, err = dispensed.(connector.StreamSender).OpenSendStream(t.Context())
	if failure := plugError(t, err); failure.Code != connector.CodeUnsupported || failure.Recoverable {
		t.Fatalf("SendStream: %v", failure)
	}
	stream := openReceiveStream(t, t.Context(), dispensed)
	stream.Grant(1, plenty)
	for range 2 {
		_, err = stream.Next()
		if failure := plugError(t, err); failure.Code != connector.CodeUnsupported || failure.Recoverable {
			t.Fatalf("ReceiveStream: %v", failure)
		}
	}
}

func TestAConnectorOfTheSpecificationSendsByStreamAndReceivesByCall(t *testing.T) {
	client := start(t, exec.Command(memoryConnector, "-specification"), true, &connector.ConnectionNodePlugin{})
	dispensed := dispense(t, client)
	if err := dispensed.Connect(t.Context(), memoryConfig(nil)); err != nil {
		t.Fatal(err)
	}
	sender := openSendStream(t, t.Context(), dispensed)
	if _, err := sender.Send(t.Context(), fullMessage()); err != nil {
		t.Fatal(err)
	}
	receiver := openReceiveStream(t, within(t, 10*time.Second), dispensed)
	receiver.Grant(1, plenty)
	if _, err := receiver.Next(); code(err) != connector.CodeUnsupported {
		t.Fatalf("ReceiveStream: %v", err)
	}
	delivery, err := dispensed.(connector.AckReceiver).ReceiveDelivery(within(t, 10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, delivery, connector.Delivery{Message: fullMessage()})
}

func TestAnImplThatKeepsItsMessagesGetsNoMore(t *testing.T) {
	var calls atomic.Int32
	forever := make(chan struct{})
	defer close(forever)
	dispensed := connectedInProcess(t, &node{connect: connects,
		send: func(context.Context, connector.Message) (string, error) {
			calls.Add(1)
			<-forever
			return "", nil
		},
	})
	life, breakStream := context.WithCancel(t.Context())
	stream := openSendStream(t, life, dispensed)
	// The second time all are answered, and the host believes that there is room.
	for range 2 {
		ctx := within(t, time.Second)
		results := make(chan error, maxInFlight)
		for range maxInFlight {
			go func() {
				_, err := stream.Send(ctx, fullMessage())
				results <- err
			}()
		}
		for range maxInFlight {
			if err := next(t, results); err == nil {
				t.Fatal("sent")
			}
		}
		if calls.Load() != maxInFlight {
			t.Fatalf("%d calls of Send", calls.Load())
		}
	}
	breakStream()
	eventually(t, "the stream is served no more", func() bool {
		stacks := make([]byte, 16<<20)
		return !bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("(*nodeServer).SendStream("))
	})
}

func TestAPanicEndsTheMessageOnly(t *testing.T) {
	dispensed := connectedInProcess(t, &node{connect: connects,
		send: func(_ context.Context, msg connector.Message) (string, error) {
			if msg.ID == "panic" {
				panic("secret")
			}
			return "", nil
		},
	})
	stream := openSendStream(t, t.Context(), dispensed)
	message := fullMessage()
	message.ID = "panic"
	if _, err := stream.Send(t.Context(), message); code(err) != connector.CodeInternal {
		t.Fatalf("got %v", err)
	}
	receipt, err := stream.Send(t.Context(), fullMessage())
	if err != nil || receipt.MessageID != "m-1" {
		t.Fatalf("afterwards: %+v, %v", receipt, err)
	}
}

// receiptNode gives what the external system has answered.
type receiptNode struct{ node }

func (n *receiptNode) SendBatch(_ context.Context, messages []connector.Message) ([]connector.SendResult, error) {
	results := make([]connector.SendResult, len(messages))
	for i := range messages {
		results[i].Receipt = connector.SendReceipt{
			MessageID: "remote", Headers: map[string]string{"a": "b"}, Payload: []byte{0xff},
		}
	}
	return results, nil
}

func TestAReceiptCarriesTheAnswer(t *testing.T) {
	dispensed := connectedInProcess(t, &receiptNode{node{connect: connects}})
	receipt, err := openSendStream(t, t.Context(), dispensed).Send(t.Context(), fullMessage())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, receipt, connector.SendReceipt{
		MessageID: "remote", Headers: map[string]string{"a": "b"}, Payload: []byte{0xff},
	})
}

func TestTheIdentityHoldsForStreams(t *testing.T) {
	impl := &ackNode{node: node{connect: connects}}
	impl.deliver = func(context.Context) (connector.Delivery, error) {
		return connector.Delivery{Message: fullMessage()}, nil
	}
	dispensed, err := inProcess(t, &connector.ConnectionNodePlugin{
		Impl: impl, Host: newHost(fullConfig()), Identity: &connector.Identity{CustomerID: "owner"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := dispensed.Connect(t.Context(), fullConfig()); err != nil {
		t.Fatal(err)
	}
	_, err = openSendStream(t, t.Context(), dispensed).Send(t.Context(), fullMessage())
	if code(err) != connector.CodeTenantMismatch {
		t.Fatalf("a foreign message: %v", err)
	}
	stream := openReceiveStream(t, within(t, 10*time.Second), dispensed)
	stream.Grant(1, plenty)
	if owner := read(t, stream, 1)[0].Message.Metadata.CustomerID; owner != "owner" {
		t.Fatalf("stamped with %q", owner)
	}
}

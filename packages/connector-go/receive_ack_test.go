package connector_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky/pkg/connector"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// ackedNode is a connector that is not built on this package. It hands out what is in deliveries, and
// answers an Acknowledge as acknowledge does.
type ackedNode struct {
	foreignNode
	deliveries  chan *connectorpb.Delivery
	acknowledge func(context.Context, string) (*connectorpb.AcknowledgeResponse, error)
}

func (n *ackedNode) Receive(
	ctx context.Context, request *connectorpb.ReceiveRequest,
) (*connectorpb.ReceiveResponse, error) {
	if !request.GetExplicitAck() {
		return nil, status.Error(codes.Internal, "not asked for explicit acknowledgement")
	}
	select {
	case delivery := <-n.deliveries:
		return &connectorpb.ReceiveResponse{Delivery: delivery}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (n *ackedNode) Acknowledge(
	ctx context.Context, request *connectorpb.AcknowledgeRequest,
) (*connectorpb.AcknowledgeResponse, error) {
	settlement := request.GetSettlements()[0]
	if settlement.GetAck() == nil {
		return nil, status.Error(codes.Internal, "not an ack")
	}
	return n.acknowledge(ctx, settlement.GetDeliveryId())
}

// serveDeliveries hands out a delivery for each id.
func serveDeliveries(
	t *testing.T, acknowledge func(context.Context, string) (*connectorpb.AcknowledgeResponse, error), ids ...string,
) connector.ConnectionNode {
	t.Helper()
	server := &ackedNode{deliveries: make(chan *connectorpb.Delivery, len(ids)), acknowledge: acknowledge}
	for _, id := range ids {
		server.deliveries <- &connectorpb.Delivery{DeliveryId: id, Message: &connectorpb.Message{Id: "m-" + id}}
	}
	client := inProcessClient(t, &foreignPlugin{server: server})
	node, err := client.Dispense(connector.PluginName)
	if err != nil {
		t.Fatal(err)
	}
	return node.(connector.ConnectionNode)
}

func receives(t *testing.T, node connector.ConnectionNode, ctx context.Context, want string) {
	t.Helper()
	message, err := node.Receive(ctx)
	if err != nil || message.ID != want {
		t.Fatalf("got %q, %v, want %q", message.ID, err, want)
	}
}

func TestAMessageIsAcknowledgedBeforeReceiveReturnsIt(t *testing.T) {
	acked := make(chan string, 1)
	node := serveDeliveries(t, func(_ context.Context, id string) (*connectorpb.AcknowledgeResponse, error) {
		acked <- id
		return &connectorpb.AcknowledgeResponse{}, nil
	}, "d-1")
	receives(t, node, within(t, 10*time.Second), "m-d-1")
	select {
	case id := <-acked:
		equal(t, id, "d-1")
	default:
		t.Fatal("not acknowledged")
	}
}

func TestACallThatEndsDuringItsAckStillReturnsTheMessage(t *testing.T) {
	ctx, cancel := context.WithCancel(within(t, 10*time.Second))
	node := serveDeliveries(t, func(acking context.Context, _ string) (*connectorpb.AcknowledgeResponse, error) {
		cancel()
		select {
		case <-acking.Done():
			return nil, acking.Err()
		case <-time.After(200 * time.Millisecond): // for a cancellation that travelled
			return &connectorpb.AcknowledgeResponse{}, nil
		}
	}, "d-1")
	receives(t, node, ctx, "m-d-1")
}

func TestADeliveryWhoseLeaseHasEndedIsNotReturned(t *testing.T) {
	node := serveDeliveries(t, func(_ context.Context, id string) (*connectorpb.AcknowledgeResponse, error) {
		if id == "late" {
			return &connectorpb.AcknowledgeResponse{UnknownDeliveryIds: []string{id}}, nil
		}
		return &connectorpb.AcknowledgeResponse{}, nil
	}, "late", "again")
	receives(t, node, within(t, 10*time.Second), "m-again")
}

func TestAMessageWhoseAckTheConnectorRefusesIsNotReturned(t *testing.T) {
	node := serveDeliveries(t, func(ctx context.Context, _ string) (*connectorpb.AcknowledgeResponse, error) {
		return nil, connector.ToStatus(ctx, connector.NewConnectionError("cannot move the file"))
	}, "d-1")
	message, err := node.Receive(within(t, 10*time.Second))
	if code(err) != connector.CodeConnectionFailed || message.ID != "" {
		t.Fatalf("got %q, %v", message.ID, err)
	}
}

// Whether the ack was recorded is unknown: a message may come twice, but is never lost.
func TestAMessageWhoseAckIsNotAnsweredIsReturned(t *testing.T) {
	t.Run("within 5 s after the call has ended", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		node := serveDeliveries(t, func(acking context.Context, _ string) (*connectorpb.AcknowledgeResponse, error) {
			cancel()
			<-acking.Done()
			return nil, acking.Err()
		}, "d-1")
		receives(t, node, ctx, "m-d-1")
	})
	t.Run("when the connection is lost", func(t *testing.T) {
		t.Parallel()
		lost := serveDeliveries(t, func(context.Context, string) (*connectorpb.AcknowledgeResponse, error) {
			return nil, status.Error(codes.Unavailable, "the socket was closed")
		}, "d-1")
		receives(t, lost, within(t, 10*time.Second), "m-d-1")
	})
}

func TestAConnectorWithoutAcknowledgeIsReceivedFromAtMostOnce(t *testing.T) {
	node := serveDeliveries(t, func(context.Context, string) (*connectorpb.AcknowledgeResponse, error) {
		return nil, status.Error(codes.Unimplemented, "unknown method")
	}, "d-1", "")
	receives(t, node, within(t, 10*time.Second), "m-d-1")
	receives(t, node, within(t, 10*time.Second), "m-") // has nothing to acknowledge
}

func TestAReceiveThatEndsWithoutADeliveryFailsWithItsContextsError(t *testing.T) {
	node := serveDeliveries(t, nil)
	if _, err := node.Receive(within(t, 20*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
}

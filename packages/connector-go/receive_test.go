package connector_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// ackNode is an Impl with all the optional interfaces of its side.
type ackNode struct {
	node
	deliver  func(context.Context) (connector.Delivery, error)
	settled  chan []connector.Settlement
	warnings []string
	report   connector.HealthReport
}

func (n *ackNode) ReceiveDelivery(ctx context.Context) (connector.Delivery, error) {
	return n.deliver(ctx)
}

func (n *ackNode) Acknowledge(_ context.Context, settlements ...connector.Settlement) ([]string, error) {
	n.settled <- settlements
	return []string{settlements[0].DeliveryID}, nil
}

func (n *ackNode) ValidateWithWarnings(context.Context, connector.ConnectionConfig) ([]string, error) {
	return n.warnings, nil
}

func (n *ackNode) ReportHealth(context.Context) (connector.HealthReport, error) { return n.report, nil }

func TestDeliveriesAndSettlementsGoBothWays(t *testing.T) {
	delivery := connector.Delivery{Message: fullMessage(), ID: "d-1", AckTimeout: 10 * time.Second}
	impl := &ackNode{settled: make(chan []connector.Settlement, 1)}
	impl.deliver = func(context.Context) (connector.Delivery, error) { return delivery, nil }
	acks := serve(t, impl).(connector.AckReceiver)

	got, err := acks.ReceiveDelivery(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, delivery)

	settlements := []connector.Settlement{
		{DeliveryID: "d-1"},
		{DeliveryID: "d-2", Reply: &connector.Reply{
			Status: 201, Headers: map[string]string{"a": "b"}, Payload: []byte{0xff},
		}},
		{DeliveryID: "d-3", Nack: &connector.Nack{Recoverable: true, Delay: time.Nanosecond}},
		{DeliveryID: "d-4", Nack: &connector.Nack{}},
	}
	unknown, err := acks.Acknowledge(t.Context(), settlements...)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, unknown, []string{"d-1"})
	equal(t, next(t, impl.settled), settlements)
}

func TestASpecificationOnlyImplLetsGoAtOnce(t *testing.T) {
	acks := serve(t, &node{
		receive: func(context.Context) (connector.Message, error) { return fullMessage(), nil },
	}).(connector.AckReceiver)
	delivery, err := acks.ReceiveDelivery(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, delivery, connector.Delivery{Message: fullMessage()})
	if _, err := acks.Acknowledge(t.Context()); code(err) != connector.CodeUnsupported {
		t.Fatalf("Acknowledge: %v", err)
	}
}

func TestAMessageHandedToACancelledReceiveGoesToTheNext(t *testing.T) {
	dispensed := serve(t, newLateNode())
	if _, err := dispensed.Receive(within(t, 20*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	// The first call of the Impl returns its message only once the second one is waiting.
	received, err := dispensed.Receive(within(t, 10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, received, fullMessage())
}

// newLateNode hands a message to its first caller after that one has given up and another one waits.
func newLateNode() *node {
	var calls atomic.Int32
	another := make(chan struct{})
	return &node{receive: func(ctx context.Context) (connector.Message, error) {
		if calls.Add(1) == 1 {
			<-ctx.Done()
			<-another
			return fullMessage(), nil
		}
		close(another)
		<-ctx.Done()
		return connector.Message{}, ctx.Err()
	}}
}

func TestADeliveryHandedToACancelledReceiveIsRefused(t *testing.T) {
	impl := &ackNode{settled: make(chan []connector.Settlement, 1)}
	impl.deliver = func(ctx context.Context) (connector.Delivery, error) {
		<-ctx.Done()
		return connector.Delivery{Message: fullMessage(), ID: "d-1"}, nil
	}
	acks := serve(t, impl).(connector.AckReceiver)
	if _, err := acks.ReceiveDelivery(within(t, 20*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	equal(t, next(t, impl.settled), []connector.Settlement{
		{DeliveryID: "d-1", Nack: &connector.Nack{Recoverable: true}},
	})
}

func TestWarningsAndHealthDetailsArrive(t *testing.T) {
	impl := &ackNode{warnings: []string{"no authentication"}}
	impl.report = connector.HealthReport{Degraded: true, Details: map[string]string{"port": "1"}}
	dispensed := serve(t, impl)
	warnings, err := dispensed.(connector.WarningValidator).ValidateWithWarnings(t.Context(), fullConfig())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, warnings, impl.warnings)
	report, err := dispensed.(connector.HealthReporter).ReportHealth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, report, impl.report)
	if err := errors.Join(dispensed.Validate(t.Context(), fullConfig()), dispensed.Health(t.Context())); err != nil {
		t.Fatal(err)
	}
}

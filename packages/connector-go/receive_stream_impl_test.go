package connector_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func TestADeliveryWithoutIDNeedsNoSettlement(t *testing.T) {
	impl := &ackNode{node: node{connect: connects}}
	impl.deliver = func(context.Context) (connector.Delivery, error) {
		return connector.Delivery{Message: fullMessage()}, nil
	}
	stream := openReceiveStream(t, within(t, 10*time.Second), connectedInProcess(t, impl))
	stream.Grant(3, plenty)
	for _, delivery := range read(t, stream, 3) {
		equal(t, delivery, connector.Delivery{Message: fullMessage()})
	}
	stream.HalfClose()
	ends(t, stream)
}

// tardyNode delivers d-1, and then d-2 when its caller has gone.
func tardyNode() (impl *ackNode, asked chan struct{}) {
	impl = &ackNode{node: node{connect: connects}, settled: make(chan []connector.Settlement, 2)}
	asked = make(chan struct{})
	var calls atomic.Int32
	impl.deliver = func(ctx context.Context) (connector.Delivery, error) {
		if calls.Add(1) == 1 {
			return connector.Delivery{Message: fullMessage(), ID: "d-1"}, nil
		}
		close(asked)
		<-ctx.Done()
		return connector.Delivery{Message: fullMessage(), ID: "d-2"}, nil
	}
	return impl, asked
}

func TestADeliveryThatComesAfterTheHalfCloseIsGivenBack(t *testing.T) {
	impl, asked := tardyNode()
	dispensed := connectedInProcess(t, impl)
	stream := openReceiveStream(t, within(t, 10*time.Second), dispensed)
	stream.Grant(2, plenty)
	next(t, asked)
	stream.HalfClose()
	equal(t, next(t, impl.settled), []connector.Settlement{
		{DeliveryID: "d-2", Nack: &connector.Nack{Recoverable: true}},
	})
	read(t, stream, 1)
	acks := dispensed.(connector.AckReceiver)
	if _, err := acks.Acknowledge(t.Context(), connector.Settlement{DeliveryID: "d-1"}); err != nil {
		t.Fatal(err)
	}
	ends(t, stream)
}

func TestDisconnectTakesSettlementsAndHandsOutNothing(t *testing.T) {
	impl, asked := tardyNode()
	settled := make(chan struct{})
	impl.disconnect = func(context.Context) error {
		<-settled
		return nil
	}
	dispensed := connectedInProcess(t, impl)
	stream := openReceiveStream(t, within(t, 10*time.Second), dispensed)
	stream.Grant(2, plenty)
	delivery := read(t, stream, 1)
	next(t, asked)
	disconnected := make(chan error, 1)
	go func() { disconnected <- dispensed.Disconnect(context.Background()) }()
	next(t, impl.settled) // the second delivery is refused
	ack(t, stream, delivery...)
	equal(t, next(t, impl.settled), []connector.Settlement{{DeliveryID: "d-1"}})
	for {
		if _, err := stream.Next(); err != nil { // after the report of an unknown id
			if code(err) != connector.CodeNotConnected {
				t.Fatal(err)
			}
			break
		}
	}
	close(settled)
	if err := next(t, disconnected); err != nil {
		t.Fatal(err)
	}
}

// forgetfulNode cannot record what it is told.
type forgetfulNode struct{ ackNode }

func (n *forgetfulNode) Acknowledge(context.Context, ...connector.Settlement) ([]string, error) {
	return nil, errors.New("disk full")
}

func TestSettlementsThatAreNotRecordedAreUnknown(t *testing.T) {
	impl := &forgetfulNode{ackNode{node: node{connect: connects}}}
	impl.deliver = func(context.Context) (connector.Delivery, error) {
		return connector.Delivery{Message: fullMessage(), ID: "d-1"}, nil
	}
	stream := openReceiveStream(t, within(t, 10*time.Second), connectedInProcess(t, impl))
	stream.Grant(1, plenty)
	ack(t, stream, read(t, stream, 1)...)
	frame, err := stream.Next()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, frame, connector.DeliveryFrame{UnknownDeliveryIDs: []string{"d-1"}})
	stream.HalfClose()
	if _, err := stream.Next(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}

// slowNode takes its time to find that it does not know what is acked.
type slowNode struct {
	ackNode
	release chan struct{}
}

func (n *slowNode) Acknowledge(_ context.Context, settlements ...connector.Settlement) ([]string, error) {
	n.settled <- settlements
	if settlements[0].Nack != nil {
		return nil, nil
	}
	<-n.release
	return []string{settlements[0].DeliveryID}, nil
}

func TestABreakDoesNotWaitForAnAck(t *testing.T) {
	impl := &slowNode{release: make(chan struct{})}
	impl.connect, impl.settled = connects, make(chan []connector.Settlement, 2)
	defer close(impl.release)
	var calls atomic.Int32
	impl.deliver = func(ctx context.Context) (connector.Delivery, error) {
		id := fmt.Sprintf("d-%d", calls.Add(1))
		return connector.Delivery{Message: fullMessage(), ID: id}, nil
	}
	life, breakStream := context.WithCancel(t.Context())
	stream := openReceiveStream(t, life, connectedInProcess(t, impl))
	stream.Grant(2, plenty)
	ack(t, stream, read(t, stream, 2)[0])
	equal(t, next(t, impl.settled), []connector.Settlement{{DeliveryID: "d-1"}})
	breakStream()
	again := &connector.Nack{Recoverable: true}
	equal(t, next(t, impl.settled), []connector.Settlement{
		{DeliveryID: "d-1", Nack: again}, {DeliveryID: "d-2", Nack: again},
	})
}

// The host does not read, so most of what was handed out is in no frame when its time is over.
func TestWhatWasNeverSentUsesNoCredit(t *testing.T) {
	const granted = 10
	impl := &ackNode{node: node{connect: connects}, settled: make(chan []connector.Settlement, 1000)}
	var calls atomic.Int32
	impl.deliver = func(ctx context.Context) (connector.Delivery, error) {
		message := fullMessage()
		message.Payload = make([]byte, 1<<20)
		id := fmt.Sprintf("d-%d", calls.Add(1))
		return connector.Delivery{Message: message, ID: id, AckTimeout: 50 * time.Millisecond}, nil
	}
	stream := openReceiveStream(t, within(t, 10*time.Second), connectedInProcess(t, impl))
	stream.Grant(granted, plenty)
	eventually(t, "others were handed out instead", func() bool { return calls.Load() > 2*granted })
}

func TestAStreamEndsWhenItsSettlementsAreRecorded(t *testing.T) {
	impl := &slowNode{release: make(chan struct{})}
	impl.connect, impl.settled = connects, make(chan []connector.Settlement, 1)
	impl.disconnect = func(context.Context) error { return nil }
	impl.deliver = func(ctx context.Context) (connector.Delivery, error) {
		<-ctx.Done()
		return connector.Delivery{}, ctx.Err()
	}
	dispensed := connectedInProcess(t, impl)
	stream := openReceiveStream(t, within(t, 10*time.Second), dispensed)
	ack(t, stream, connector.Delivery{ID: "late"})
	next(t, impl.settled)
	if err := dispensed.Disconnect(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(impl.release)
	frame, err := stream.Next()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, frame, connector.DeliveryFrame{UnknownDeliveryIDs: []string{"late"}})
	if _, err := stream.Next(); code(err) != connector.CodeNotConnected {
		t.Fatal(err)
	}
}

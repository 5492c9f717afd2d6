package connector

import (
	"cmp"
	"context"
	"time"

	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

const (
	// ackGrace is how long an acknowledgement may take once the ctx of its Receive has ended.
	ackGrace = 5 * time.Second

	// ackLimit is how long it may take at most, with a connector that sets no time limit itself.
	ackLimit = 30 * time.Second
)

// Receive acknowledges a message underneath, before it returns it: a message that this process has not
// taken comes again.
//
// Once a delivery has arrived, the end of ctx does not interrupt its acknowledgement, and a message that
// was acknowledged is returned although ctx has ended: an error would lose it. See accept for the rest.
func (c *nodeClient) Receive(ctx context.Context) (Message, error) {
	for {
		delivery, err := c.ReceiveDelivery(ctx)
		if err != nil {
			return Message{}, err
		}
		if delivery.ID == "" {
			return delivery.Message, nil // the connector lets go of a message when it hands it out
		}
		accepted, err := c.accept(ctx, delivery)
		switch {
		case err != nil:
			return Message{}, err
		case accepted:
			return delivery.Message, nil
		}
	}
}

// accept acknowledges a delivery. It returns false if its lease had ended: the message comes again, or
// its sender repeats it.
//
// An error of the connector means that nothing was recorded: the message comes again when its lease
// ends. Without an answer, whether it was recorded is unknown, and the delivery counts as accepted: it
// may come twice, where an error could lose it.
func (c *nodeClient) accept(ctx context.Context, delivery Delivery) (bool, error) {
	acking, cancel := context.WithTimeout(context.WithoutCancel(ctx), cmp.Or(delivery.AckTimeout, ackLimit))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		grace := time.NewTimer(ackGrace)
		defer grace.Stop()
		select {
		case <-grace.C:
			cancel()
		case <-acking.Done():
		}
	})()
	response, err := c.rpc.Acknowledge(acking, &connectorpb.AcknowledgeRequest{
		Settlements: []*connectorpb.Settlement{settlementToWire(Settlement{DeliveryID: delivery.ID})},
	})
	failure := status.Convert(err)
	if typed := typedError(failure); typed != nil && typed.Code != CodeUnsupported {
		return false, typed
	}
	return len(response.GetUnknownDeliveryIds()) == 0, nil
}

func (c *nodeClient) ReceiveDelivery(ctx context.Context) (Delivery, error) {
	response, err := c.rpc.Receive(ctx, &connectorpb.ReceiveRequest{ExplicitAck: true})
	if err != nil {
		return Delivery{}, fromStatus(ctx, "Receive", err)
	}
	return deliveryFromWire(response.GetDelivery()), nil
}

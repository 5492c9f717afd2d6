package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ValueRetail/vrsky-bench/messages"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

type receiveClient = interface {
	Send(*connectorpb.ReceiveStreamRequest) error
	CloseSend() error
	Recv() (*connectorpb.ReceiveStreamResponse, error)
}

// receiveStream grants credit for a batch, so many batches at a time. For each batch that came it
// settles what is in it and grants another one, in one frame.
func receiveStream(ctx context.Context, r *run) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := r.rpc.ReceiveStream(ctx)
	if err != nil {
		return err
	}
	reader := &deliveryReader{
		run:      r,
		stream:   stream,
		received: newReceived(r.options),
		recorder: r.recorder(),
		credit: &connectorpb.Credit{
			Messages: uint32(r.Batch),
			Bytes:    uint64(r.Batch * messages.Size(messages.New(0, r.payload))),
		},
	}
	for range r.InFlight {
		if err := reader.settleAndGrant(); err != nil {
			return err
		}
	}
	for r.running() || len(reader.granted) > 0 {
		if r.FixedAnswers && !r.running() {
			return nil // its plugin would answer a settlement with another frame
		}
		if err := reader.next(); err != nil {
			return err
		}
	}
	if err := reader.end(); err != nil {
		return err
	}
	return r.checkReceived(ctx, reader.received)
}

// deliveryReader is the host's side of one ReceiveStream.
type deliveryReader struct {
	*run
	stream   receiveClient
	received *received
	recorder *recorder
	credit   *connectorpb.Credit
	// granted is when each message was asked for that did not come yet, oldest first.
	granted []time.Time
	unacked []*connectorpb.Settlement
}

func (d *deliveryReader) settleAndGrant() error {
	now := time.Now()
	for range d.Batch {
		d.granted = append(d.granted, now)
	}
	return d.tell(d.credit)
}

func (d *deliveryReader) tell(credit *connectorpb.Credit) error {
	request := &connectorpb.ReceiveStreamRequest{Credit: credit, Settlements: d.unacked}
	d.unacked = nil
	err := d.stream.Send(request)
	if errors.Is(err, io.EOF) {
		return nil // Recv learns why
	}
	return err
}

// next takes a frame. A batch may come in several, and several in one.
func (d *deliveryReader) next() error {
	response, err := d.stream.Recv()
	if err != nil {
		return fmt.Errorf("the stream ended: %w", err)
	}
	if err := checkUnknown(response); err != nil {
		return err
	}
	d.frame()
	now := time.Now()
	deliveries := response.GetDeliveries()
	if len(deliveries) > len(d.granted) {
		return fmt.Errorf("%d deliveries for a credit of %d", len(deliveries), len(d.granted))
	}
	for i, delivery := range deliveries {
		if err := d.received.check(delivery.GetMessage()); err != nil {
			return err
		}
		d.unacked = append(d.unacked, ack(delivery.GetDeliveryId()))
		d.recorder.done(now.Sub(d.granted[i]))
	}
	d.granted = d.granted[len(deliveries):]
	time.Sleep(d.Pause.duration())
	return d.settleBatches()
}

func (d *deliveryReader) settleBatches() error {
	for d.running() && len(d.unacked) >= d.Batch {
		rest := d.unacked[d.Batch:]
		d.unacked = d.unacked[:d.Batch]
		if err := d.settleAndGrant(); err != nil {
			return err
		}
		d.unacked = rest
	}
	return nil
}

// end settles the rest: the stream then ends by itself.
func (d *deliveryReader) end() error {
	if err := d.tell(nil); err != nil {
		return err
	}
	if err := d.stream.CloseSend(); err != nil {
		return err
	}
	for {
		response, err := d.stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := checkUnknown(response); err != nil {
			return err
		}
		if len(response.GetDeliveries()) > 0 {
			return errors.New("deliveries after the half-close")
		}
	}
}

func checkUnknown(response *connectorpb.ReceiveStreamResponse) error {
	if unknown := response.GetUnknownDeliveryIds(); len(unknown) > 0 {
		return fmt.Errorf("%d settlements hit nothing, such as %s", len(unknown), unknown[0])
	}
	return nil
}

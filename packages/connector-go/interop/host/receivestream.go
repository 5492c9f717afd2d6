package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

const streamBytes = 1 << 20 // credit

func checkReceiveStream(ctx context.Context, checks *checks, p *process, door door) {
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	stream, err := p.node.(connector.StreamReceiver).OpenReceiveStream(ctx)
	if err != nil {
		checks.add("receive-stream", err, "")
		return
	}
	answers := []<-chan answer{door.post(ctx), door.post(ctx), door.post(ctx)}
	stream.Grant(2, streamBytes)
	first, err := take(stream, 2)
	checks.add("receive-stream", err, "")
	if err != nil {
		return
	}
	settled := stream.Settle(connector.Settlement{DeliveryID: first[0].ID}, connector.Settlement{
		DeliveryID: first[1].ID, Nack: &connector.Nack{Recoverable: true, Delay: 50 * time.Millisecond},
	})
	checks.add("receive-stream-settle", settled, "")
	stream.Grant(2, 0)
	second, err := take(stream, 2) // the third message, and the second one again
	checks.add("receive-stream-credit", errors.Join(err, expect(err != nil || slices.ContainsFunc(second,
		func(d connector.Delivery) bool { return d.Message.ID == first[1].Message.ID && d.ID != first[1].ID }),
		"the refused message did not come again")), "")
	if err != nil {
		return
	}
	settled = stream.Settle(connector.Settlement{DeliveryID: second[0].ID}, connector.Settlement{DeliveryID: "never-given"})
	frame, err := stream.Next()
	checks.add("receive-stream-unknown", errors.Join(settled, err,
		expect(slices.Equal(frame.UnknownDeliveryIDs, []string{"never-given"}), "%+v", frame)), "")
	checkHalfClose(ctx, checks, p.node, stream, second[1])
	err = nil
	for _, answers := range answers {
		got := <-answers
		err = errors.Join(err, got.check())
	}
	checks.add("receive-stream-answered", err, "")
	checkBrokenReceiveStream(ctx, checks, p.node, door)
	checkBadCredit(ctx, checks, p)
}

func checkHalfClose(
	ctx context.Context, checks *checks, node connector.ConnectionNode, stream *connector.ReceiveStream, last connector.Delivery,
) {
	stream.HalfClose()
	late := stream.Settle(connector.Settlement{DeliveryID: last.ID})
	unknown, err := node.(connector.AckReceiver).Acknowledge(ctx, connector.Settlement{DeliveryID: last.ID})
	frame, end := stream.Next()
	checks.add("receive-stream-half-close", errors.Join(
		pluginError(late, connector.CodeInvalidState, false), err,
		expect(len(unknown) == 0, "unknown: %v", unknown),
		expect(end == io.EOF, "no end: %+v, %v", frame, end),
	), "")
}

func checkBrokenReceiveStream(ctx context.Context, checks *checks, node connector.ConnectionNode, door door) {
	life, breakStream := context.WithCancel(ctx)
	defer breakStream()
	stream, err := node.(connector.StreamReceiver).OpenReceiveStream(life)
	if err != nil {
		checks.add("receive-stream-break", err, "")
		return
	}
	answers := door.post(ctx)
	stream.Grant(1, streamBytes)
	held, err := take(stream, 1)
	if err != nil {
		checks.add("receive-stream-break", err, "")
		return
	}
	breakStream()
	acks := node.(connector.AckReceiver)
	again, err := acks.ReceiveDelivery(ctx)
	var unknown []string
	if err == nil {
		unknown, err = acks.Acknowledge(ctx,
			connector.Settlement{DeliveryID: held[0].ID}, connector.Settlement{DeliveryID: again.ID})
	}
	got := <-answers
	checks.add("receive-stream-break", errors.Join(err, got.check(),
		expect(again.Message.ID == held[0].Message.ID, "another message came"),
		expect(slices.Equal(unknown, []string{held[0].ID}), "unknown: %v", unknown),
	), "")
}

// take reads so many deliveries, and no more.
func take(stream *connector.ReceiveStream, count int) (deliveries []connector.Delivery, err error) {
	for len(deliveries) < count {
		frame, err := stream.Next()
		if err != nil {
			return deliveries, fmt.Errorf("after %d deliveries: %w", len(deliveries), err)
		}
		for _, delivery := range frame.Deliveries {
			if err := errors.Join(checkMessage(delivery.Message), expect(delivery.ID != "", "no delivery id")); err != nil {
				return deliveries, err
			}
		}
		deliveries = append(deliveries, frame.Deliveries...)
	}
	return deliveries, expect(len(deliveries) == count, "%d deliveries, %d were granted", len(deliveries), count)
}

// firstFrameError gives why a connector hands out nothing by streams.
func firstFrameError(ctx context.Context, node connector.ConnectionNode) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stream, err := node.(connector.StreamReceiver).OpenReceiveStream(ctx)
	if err != nil {
		return err
	}
	stream.Grant(1, streamBytes)
	_, err = stream.Next()
	return err
}

package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ValueRetail/vrsky-bench/messages"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// inParallel repeats a call, so many at a time.
func inParallel(ctx context.Context, r *run, call func(ctx context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for range r.InFlight {
		recorder := r.recorder()
		group.Go(func() error {
			for r.running() {
				began := time.Now()
				if err := call(ctx); err != nil {
					return err
				}
				recorder.done(time.Since(began))
			}
			return nil
		})
	}
	return group.Wait()
}

func send(ctx context.Context, r *run) error {
	var made atomic.Uint64
	err := inParallel(ctx, r, func(ctx context.Context) error {
		message := messages.New(made.Add(1)-1, r.payload)
		response, err := r.rpc.Send(ctx, &connectorpb.SendRequest{Message: message})
		if err != nil {
			return err
		}
		return r.checkReceipt(response.GetReceipt(), message.GetId())
	})
	if err != nil {
		return err
	}
	return r.checkCount(ctx, "sent", made.Load())
}

func receive(ctx context.Context, r *run) error {
	return receiveEach(ctx, r, &connectorpb.ReceiveRequest{}, func(context.Context, string) error { return nil })
}

func receiveAndAcknowledge(ctx context.Context, r *run) error {
	request := &connectorpb.ReceiveRequest{ExplicitAck: true}
	return receiveEach(ctx, r, request, func(ctx context.Context, deliveryID string) error {
		response, err := r.rpc.Acknowledge(ctx, &connectorpb.AcknowledgeRequest{
			Settlements: []*connectorpb.Settlement{ack(deliveryID)},
		})
		if unknown := response.GetUnknownDeliveryIds(); err == nil && len(unknown) > 0 {
			err = fmt.Errorf("unknown deliveries: %v", unknown)
		}
		return err
	})
}

func receiveEach(
	ctx context.Context, r *run, request *connectorpb.ReceiveRequest,
	settle func(ctx context.Context, deliveryID string) error,
) error {
	received := newReceived(r.options)
	err := inParallel(ctx, r, func(ctx context.Context) error {
		response, err := r.rpc.Receive(ctx, request)
		if err != nil {
			return err
		}
		delivery := response.GetDelivery()
		if err := received.check(delivery.GetMessage()); err != nil {
			return err
		}
		return settle(ctx, delivery.GetDeliveryId())
	})
	if err != nil {
		return err
	}
	return r.checkReceived(ctx, received)
}

func ack(deliveryID string) *connectorpb.Settlement {
	return &connectorpb.Settlement{
		DeliveryId: deliveryID,
		Outcome:    &connectorpb.Settlement_Ack{Ack: &connectorpb.Ack{}},
	}
}

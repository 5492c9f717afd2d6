package connector

import (
	"context"
	"sync"
	"time"
)

// maxDeadlineMargin is the longest time before a Receive's deadline in which it hands nothing out.
const maxDeadlineMargin = 50 * time.Millisecond

// beforeDeadline returns a context that ends a margin before the deadline of a Receive: the answer of
// one that is handed a message at the last moment would find its caller gone, and grpc-go does not show
// a handler whether its answer was taken.
func beforeDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(maxDeadlineMargin, time.Until(deadline)/4)))
}

// receive loses no message to a caller that is seen to have given up while the Impl handed it out.
func (s *nodeServer) receive(ctx context.Context, explicitAck bool) (Delivery, error) {
	if impl, ok := s.impl.(AckReceiver); ok && explicitAck {
		return receiveDelivery(ctx, impl)
	}
	for {
		message, woken, err := s.receiveUnlessReturned(ctx)
		switch {
		case woken:
		case err == nil && ctx.Err() != nil:
			s.returned.add(message)
			return Delivery{}, ctx.Err()
		default:
			return Delivery{Message: message}, err
		}
	}
}

func receiveDelivery(ctx context.Context, impl AckReceiver) (Delivery, error) {
	delivery, err := impl.ReceiveDelivery(ctx)
	if err != nil || ctx.Err() == nil || delivery.ID == "" {
		return delivery, err
	}
	refusal := Settlement{DeliveryID: delivery.ID, Nack: &Nack{Recoverable: true}}
	if _, err := impl.Acknowledge(context.WithoutCancel(ctx), refusal); err != nil {
		return Delivery{}, err
	}
	return Delivery{}, ctx.Err()
}

// receiveUnlessReturned takes what a caller gave back, or asks the Impl. It is woken if a message was given
// back meanwhile, and the Impl left it without one.
func (s *nodeServer) receiveUnlessReturned(ctx context.Context) (message Message, woken bool, err error) {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	message, ok := s.returned.takeOrWait(&cancel)
	if ok {
		return message, false, nil
	}
	defer s.returned.leave(&cancel)
	message, err = s.impl.Receive(inner)
	return message, err != nil && inner.Err() != nil && ctx.Err() == nil, err
}

// returnedMessages holds what an Impl without explicit acks has let go of and no one has taken. There
// are never more than the Receives that were cancelled in this moment.
type returnedMessages struct {
	mu       sync.Mutex
	messages []Message
	waiting  map[*context.CancelFunc]struct{} // of the Receives that wait for the Impl
}

// add wakes all that wait, for they compete.
func (r *returnedMessages) add(message Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, message)
	for cancel := range r.waiting {
		(*cancel)()
	}
}

// takeOrWait gives a message, or calls cancel when there is one.
func (r *returnedMessages) takeOrWait(cancel *context.CancelFunc) (first Message, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.messages) > 0 {
		first = r.messages[0]
		r.messages = r.messages[1:]
		return first, true
	}
	if r.waiting == nil {
		r.waiting = map[*context.CancelFunc]struct{}{}
	}
	r.waiting[cancel] = struct{}{}
	return first, false
}

func (r *returnedMessages) leave(cancel *context.CancelFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, cancel)
}

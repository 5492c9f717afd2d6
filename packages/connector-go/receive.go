package connector

import (
	"context"
	"sync"
)

// receive loses no message to a caller that is seen to have given up while the Impl handed it out.
func (s *nodeServer) receive(ctx context.Context, explicitAck bool) (Delivery, error) {
	if impl, ok := s.impl.(AckReceiver); ok && explicitAck {
		return receiveDelivery(ctx, impl)
	}
	for {
		message, added, ok := s.returned.takeFirst()
		if ok {
			return Delivery{Message: message}, nil
		}
		message, woken, err := receiveUnless(ctx, added, s.impl)
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

// receiveUnless ends the Impl's Receive when another caller gives its message back. It is woken only
// if that left it without a message.
func receiveUnless(
	ctx context.Context, added <-chan struct{}, impl ConnectionNode,
) (message Message, woken bool, err error) {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-added:
			cancel()
		case <-inner.Done():
		}
	}()
	message, err = impl.Receive(inner)
	return message, err != nil && inner.Err() != nil && ctx.Err() == nil, err
}

// returnedMessages holds what an Impl without explicit acks has let go of and no one has taken. There
// are never more than the Receives that were cancelled in this moment.
type returnedMessages struct {
	mu       sync.Mutex
	messages []Message
	added    chan struct{} // closed by the next add
}

func (r *returnedMessages) add(message Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, message)
	if r.added != nil {
		close(r.added)
		r.added = nil
	}
}

// takeFirst gives a message, or what tells of the next one.
func (r *returnedMessages) takeFirst() (first Message, added <-chan struct{}, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.messages) > 0 {
		first = r.messages[0]
		r.messages = r.messages[1:]
		return first, nil, true
	}
	if r.added == nil {
		r.added = make(chan struct{})
	}
	return first, r.added, false
}

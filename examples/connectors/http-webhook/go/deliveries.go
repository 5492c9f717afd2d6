package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// receive lets go at once: the caller gets its 2xx although the host may still lose the message.
func (w *webhook) receive(ctx context.Context) (connector.Message, error) {
	caller, err := w.next(ctx)
	if err != nil {
		return connector.Message{}, err
	}
	caller.answer <- connector.Reply{}
	return caller.message, nil
}

// deliver keeps the caller waiting until the settlement or the end of the lease.
func (w *webhook) deliver(ctx context.Context) (connector.Delivery, error) {
	caller, err := w.next(ctx)
	if err != nil {
		return connector.Delivery{}, err
	}
	id := newID()
	w.mu.Lock()
	w.outstanding[id] = caller
	w.mu.Unlock()
	time.AfterFunc(ackTimeout, func() {
		if w.take(id) != nil {
			caller.answer <- connector.Reply{Status: http.StatusServiceUnavailable}
		}
	})
	return connector.Delivery{Message: caller.message, ID: id, AckTimeout: ackTimeout}, nil
}

// settle tells whether the delivery was outstanding.
func (w *webhook) settle(settlement connector.Settlement) bool {
	caller := w.take(settlement.DeliveryID)
	switch {
	case caller == nil:
		return false
	case settlement.Nack != nil && settlement.Nack.Recoverable:
		time.AfterFunc(settlement.Nack.Delay, func() { w.offer(caller) })
	case settlement.Reply != nil:
		caller.answer <- *settlement.Reply
	default:
		caller.answer <- connector.Reply{}
	}
	return true
}

// offer waits for a place: callers that have gone keep theirs until a Receive comes across them.
func (w *webhook) offer(caller *request) {
	select {
	case w.waiting <- caller:
	case <-caller.gone:
	}
}

func (w *webhook) next(ctx context.Context) (*request, error) {
	for {
		select {
		case caller := <-w.waiting:
			select {
			case <-caller.gone: // will come again
			default:
				return caller, nil
			}
		case <-w.closing:
			return nil, notConnected()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (w *webhook) take(id string) *request {
	w.mu.Lock()
	defer w.mu.Unlock()
	caller := w.outstanding[id]
	delete(w.outstanding, id)
	return caller
}

func (w *webhook) health(context.Context) (connector.HealthReport, error) {
	return connector.HealthReport{Details: map[string]string{"port": w.port}}, nil
}

// stop refuses who waits and gives the host until the deadline to settle what it has.
func (w *webhook) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	close(w.closing)
	drained := make(chan struct{})
	go func() {
		for {
			select {
			case caller := <-w.waiting:
				caller.answer <- connector.Reply{Status: http.StatusServiceUnavailable}
			case <-drained:
				return
			}
		}
	}()
	err := w.server.Shutdown(ctx)
	close(drained)
	if err != nil {
		return w.server.Close()
	}
	return nil
}

func newID() string { return rand.Text() }

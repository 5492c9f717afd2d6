package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// queue holds messages that wait and messages that are out.
type queue struct {
	mu              sync.Mutex
	waiting         []connector.Message
	added           chan struct{} // closed and replaced by every add
	outstanding     map[string]connector.Message
	acked, rejected int
	lastReply       string
}

func newQueue() *queue {
	return &queue{added: make(chan struct{}), outstanding: map[string]connector.Message{}}
}

func (q *queue) add(message connector.Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, message)
	close(q.added)
	q.added = make(chan struct{})
}

// next waits for a message until the call or the connection ends.
func (q *queue) next(ctx context.Context, released <-chan struct{}) (connector.Message, error) {
	for {
		q.mu.Lock()
		added := q.added
		if len(q.waiting) > 0 {
			first := q.waiting[0]
			q.waiting = q.waiting[1:]
			q.mu.Unlock()
			return first, nil
		}
		q.mu.Unlock()
		select {
		case <-added:
		case <-released:
			return connector.Message{}, notConnected()
		case <-ctx.Done():
			return connector.Message{}, ctx.Err()
		}
	}
}

// lease gives the delivery id; the message comes again when the time is over.
func (q *queue) lease(message connector.Message, limit time.Duration) string {
	id := rand.Text()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.outstanding[id] = message
	if limit > 0 {
		time.AfterFunc(limit, func() {
			if message, ok := q.take(id); ok {
				q.add(message)
			}
		})
	}
	return id
}

// settle tells whether the delivery was outstanding.
func (q *queue) settle(settlement connector.Settlement) bool {
	message, ok := q.take(settlement.DeliveryID)
	if !ok {
		return false
	}
	if settlement.Nack != nil && settlement.Nack.Recoverable {
		time.AfterFunc(settlement.Nack.Delay, func() { q.add(message) })
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if settlement.Nack != nil {
		q.rejected++
		return true
	}
	q.acked++
	if reply := settlement.Reply; reply != nil {
		q.lastReply = fmt.Sprintf("%d %v %s", reply.Status, reply.Headers, reply.Payload)
	}
	return true
}

func (q *queue) take(id string) (connector.Message, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	message, ok := q.outstanding[id]
	delete(q.outstanding, id)
	return message, ok
}

func (q *queue) details() map[string]string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return map[string]string{
		"waiting":     strconv.Itoa(len(q.waiting)),
		"outstanding": strconv.Itoa(len(q.outstanding)),
		"acked":       strconv.Itoa(q.acked),
		"rejected":    strconv.Itoa(q.rejected),
		"lastReply":   q.lastReply,
	}
}

package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

const patience = 30 * time.Second

type options struct {
	plain              bool
	workers, count     int
	deadlines, cancels time.Duration
}

// counts is what came of all calls.
type counts struct {
	Received int `json:"received"`
	Distinct int `json:"distinct"`
	Calls    int `json:"calls"`

	mu   sync.Mutex
	seen map[string]bool
	last time.Time // of something new
}

// poll receives until all has arrived, or nothing new does.
func poll(node connector.ConnectionNode, options options) (*counts, error) {
	counts := &counts{seen: map[string]bool{}, last: time.Now()}
	failures := make(chan error, options.workers)
	for range options.workers {
		go func() { failures <- counts.poll(node, options) }()
	}
	var failure error
	for range options.workers {
		if err := <-failures; err != nil {
			failure = err
		}
	}
	counts.Distinct = len(counts.seen)
	return counts, failure
}

func (c *counts) poll(node connector.ConnectionNode, options options) error {
	misses := 0 // in a row
	for c.waits(options.count) {
		// Longer after many misses: on a slow machine no call may be quick enough.
		message, err := receive(node, options, time.Duration(1+misses/20))
		switch {
		case err == nil:
			misses = 0
			c.add(message)
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			misses++
		default:
			return err
		}
	}
	return nil
}

// receive calls once, for a random time.
func receive(node connector.ConnectionNode, options options, times time.Duration) (connector.Message, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	byDeadline := options.deadlines > 0 && (options.cancels == 0 || rand.N(2) == 0)
	switch {
	case byDeadline:
		short, end := context.WithTimeout(ctx, times*rand.N(options.deadlines))
		defer end()
		ctx = short
	case options.cancels > 0:
		defer time.AfterFunc(times*rand.N(options.cancels), cancel).Stop()
	}
	return node.Receive(ctx)
}

func (c *counts) waits(count int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Calls++
	return len(c.seen) < count && time.Since(c.last) < patience
}

func (c *counts) add(message connector.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Received++
	if payload := string(message.Payload); !c.seen[payload] {
		c.seen[payload] = true
		c.last = time.Now()
	}
}

package connector

import (
	"context"
	"log"
	"slices"
)

// finish hands out no more: the stream ends when all is settled.
func (s *receiveSession) finish(end error) {
	s.mu.Lock()
	if !s.ending {
		s.ending, s.end = true, end
	}
	parked := s.parked
	s.parked = nil
	s.changed.Broadcast()
	s.mu.Unlock()
	s.stop()
	if parked != nil {
		s.giveBack(parked)
	}
}

// breakOff ends the stream, and gives back what is open.
func (s *receiveSession) breakOff(cause error) {
	s.finish(cause)
	s.mu.Lock()
	if s.broken == nil {
		s.broken = cause
	}
	open := s.open
	s.open, s.ready = nil, nil
	s.changed.Broadcast()
	s.mu.Unlock()
	s.giveBack(open...)
}

// disconnected ends the stream; what is open stays un-acked.
func (s *receiveSession) disconnected() {
	s.finish(disconnected())
	s.mu.Lock()
	open := slices.Clone(s.open)
	s.mu.Unlock()
	s.node.leases.drop(open...)
}

// giveBack lets messages come again.
func (s *receiveSession) giveBack(leases ...*lease) {
	var refusals []Settlement
	s.node.leases.forget(leases...)
	for _, l := range leases {
		if l.id() != "" {
			refusals = append(refusals, Settlement{DeliveryID: l.id(), Nack: &Nack{Recoverable: true}})
		}
	}
	if len(refusals) == 0 {
		return
	}
	if _, err := s.acknowledge(refusals); err != nil {
		log.Printf("[WARN] %d deliveries were not given back: %v", len(refusals), err)
	}
}

// acknowledge is not ended by the host's stream: what the host has said counts.
func (s *receiveSession) acknowledge(settlements []Settlement) (unknown []string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.link.timeout)
	defer cancel()
	return guard("Acknowledge", func() ([]string, error) { return s.impl.Acknowledge(ctx, settlements...) })
}

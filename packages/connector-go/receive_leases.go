package connector

import (
	"slices"
)

// take hands out what was fetched, or gives it back when it is too late.
func (s *receiveSession) take(delivery Delivery) {
	s.node.stamp(&delivery.Message)
	taken := &lease{session: s, delivery: deliveryToWire(delivery)}
	taken.size = delivery.Message.Size()
	s.mu.Lock()
	late := s.ending
	if !late {
		s.node.leases.grant(taken)
		s.parked = taken
		s.handOut()
	}
	s.mu.Unlock()
	if late {
		s.giveBack(taken)
	}
}

// handOut lets a message above the byte credit go when nothing is outstanding: it would never fit
// otherwise.
func (s *receiveSession) handOut() {
	if s.parked != nil && (len(s.open) == 0 || int64(s.parked.size) <= s.bytes) {
		s.messages--
		s.bytes -= int64(s.parked.size)
		s.held += int64(s.parked.size)
		s.open = append(s.open, s.parked)
		s.ready = append(s.ready, s.parked)
		s.parked = nil
	}
	s.changed.Broadcast()
}

func (s *receiveSession) leasesEnded(ended []*lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range ended {
		s.remove(one)
		if i := s.indexOfReady(one); i >= 0 {
			// The host never saw it, and would miss the credit for ever.
			s.ready = slices.Delete(s.ready, i, i+1)
			s.messages++
			s.bytes += int64(one.size)
		}
		if s.parked == one {
			s.parked = nil
		}
	}
	s.handOut()
}

func (s *receiveSession) indexOfReady(one *lease) int {
	if one.framed {
		return -1 // as nearly all are: it is not searched for among many others
	}
	return slices.Index(s.ready, one)
}

func (s *receiveSession) remove(ended *lease) {
	i := slices.Index(s.open, ended)
	switch {
	case i < 0:
		return
	case i == 0: // as mostly: nothing has to move up
		s.open[0] = nil
		s.open = s.open[1:]
	default:
		s.open = slices.Delete(s.open, i, i+1)
	}
	s.held -= int64(ended.size)
}

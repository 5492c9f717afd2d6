package connector

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

const (
	// More credit than this no host can mean.
	mostMessages = math.MaxUint32
	mostBytes    = 1<<53 - 1

	// From here on the host has to read what was reported before more of what it sends is read.
	mostUnreadReports = 1024
)

// receiveSession is what one ReceiveStream has, may have, and still has to tell.
type receiveSession struct {
	node  *nodeServer
	impl  AckReceiver
	link  *link
	fetch context.Context // of the Impl's ReceiveDelivery; ends when no more are handed out
	stop  context.CancelFunc

	mu       sync.Mutex
	changed  *sync.Cond
	messages int64    // credit that is left
	bytes    int64    // likewise; below zero by one large message
	open     []*lease // handed out, oldest first
	held     int64    // bytes of those
	ready    []*lease // of those, what is in no frame yet
	parked   *lease   // fetched, but above the credit
	unknown  []string
	settling bool
	ending   bool
	end      error // what the stream ends with when nothing is open
	broken   error // what it ends with now
}

func newReceiveSession(ctx context.Context, node *nodeServer, impl AckReceiver, link *link) *receiveSession {
	s := &receiveSession{node: node, impl: impl, link: link}
	s.changed = sync.NewCond(&s.mu)
	s.fetch, s.stop = context.WithCancel(ctx)
	return s
}

// awaitHunger gives false when no more are handed out.
func (s *receiveSession) awaitHunger() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.ending && !s.hungry() {
		s.changed.Wait()
	}
	return !s.ending
}

func (s *receiveSession) hungry() bool {
	room := len(s.open) < maxHeldMessages && s.held < maxHeldBytes
	return room && s.parked == nil && s.messages > 0 && (s.bytes >= 0 || len(s.open) == 0)
}

// take hands out what was fetched, or gives it back when it is too late.
func (s *receiveSession) take(delivery Delivery) {
	s.node.tenancy.stamp(&delivery.Message)
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

func (s *receiveSession) grant(credit *connectorpb.Credit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	messages, bytes := int64(credit.GetMessages()), credit.GetBytes()
	if messages > mostMessages-s.messages || bytes > uint64(mostBytes-s.bytes) {
		return &PluginError{Code: CodeInvalidState, Message: fmt.Sprintf(
			"the credit of a ReceiveStream overflows: at most %d messages and %d bytes", mostMessages, mostBytes)}
	}
	s.messages += messages
	s.bytes += int64(bytes)
	s.handOut()
	return nil
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

// report tells the host what its settlements did not hit.
func (s *receiveSession) report(unknown []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settling = false
	s.unknown = append(s.unknown, unknown...)
	s.changed.Broadcast()
}

// awaitReports gives false when the stream is broken.
func (s *receiveSession) awaitReports() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.broken == nil && len(s.unknown) >= mostUnreadReports {
		s.changed.Wait()
	}
	return s.broken == nil
}

// nextFrame gives nil when the stream has ended, and why.
func (s *receiveSession) nextFrame() (*connectorpb.ReceiveStreamResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.broken != nil:
			return nil, s.broken
		case len(s.ready) > 0 || len(s.unknown) > 0:
			return s.takeFrame(), nil
		case s.ending && len(s.open) == 0 && !s.settling:
			return nil, s.end
		}
		s.changed.Wait()
	}
}

func (s *receiveSession) takeFrame() *connectorpb.ReceiveStreamResponse {
	leases := takeFrame(&s.ready, func(l *lease) int { return l.size }, maxFrameMessages)
	frame := &connectorpb.ReceiveStreamResponse{
		Deliveries:         make([]*connectorpb.Delivery, 0, len(leases)),
		UnknownDeliveryIds: s.unknown,
	}
	s.unknown = nil
	for _, next := range leases {
		next.framed = true
		frame.Deliveries = append(frame.Deliveries, next.delivery)
		if next.id() == "" { // the Impl has let go: there is nothing to settle
			s.node.leases.forget(next)
			s.remove(next)
		}
	}
	s.changed.Broadcast()
	return frame
}

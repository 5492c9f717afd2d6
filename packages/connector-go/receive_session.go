package connector

import (
	"context"
	"fmt"
	"math"
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

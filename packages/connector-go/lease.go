package connector

import (
	"sync"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// lease is a delivery of a ReceiveStream, until it is settled or its time is over.
type lease struct {
	session  *receiveSession
	delivery *connectorpb.Delivery
	size     int
	endsAt   time.Time // zero = no limit
	framed   bool      // it is on its way to the host, or was
}

func (l *lease) id() string { return l.delivery.GetDeliveryId() }

// leases are those of all streams, for they may be settled by other calls than their own.
type leases struct {
	mu   sync.Mutex
	byID map[string]*lease

	// One timer for all of them, for the first that ends; zero = none is set.
	expiry   *time.Timer
	expireAt time.Time
}

// grant follows the Impl's own time limit, for nobody tells of its end.
func (l *leases) grant(granted *lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byID == nil {
		l.byID = map[string]*lease{}
	}
	l.byID[granted.id()] = granted
	if timeout := granted.delivery.GetAckTimeout().AsDuration(); timeout > 0 {
		granted.endsAt = time.Now().Add(timeout)
		l.expireBy(granted.endsAt)
	}
}

// expireBy sets the timer, unless it is early enough.
func (l *leases) expireBy(at time.Time) {
	if !l.expireAt.IsZero() && !at.Before(l.expireAt) {
		return
	}
	l.expireAt = at
	if l.expiry == nil {
		l.expiry = time.AfterFunc(time.Until(at), l.expire)
	} else {
		l.expiry.Reset(time.Until(at))
	}
}

func (l *leases) expire() {
	now := time.Now()
	var ended []*lease
	l.mu.Lock()
	l.expireAt = time.Time{}
	for _, one := range l.byID {
		switch {
		case one.endsAt.IsZero():
		case one.endsAt.After(now):
			l.expireBy(one.endsAt)
		default:
			ended = append(ended, one)
		}
	}
	l.mu.Unlock()
	l.drop(ended...)
}

// end is called when deliveries were settled, of streams or not.
func (l *leases) end(settlements ...Settlement) {
	var ended []*lease
	l.mu.Lock()
	for _, settlement := range settlements {
		if one := l.byID[settlement.DeliveryID]; one != nil {
			ended = append(ended, one)
		}
	}
	l.mu.Unlock()
	l.drop(ended...)
}

// drop tells each session once of those that ended in a row.
func (l *leases) drop(ended ...*lease) {
	l.forget(ended...)
	for len(ended) > 0 {
		session := ended[0].session
		count := 1
		for count < len(ended) && ended[count].session == session {
			count++
		}
		session.leasesEnded(ended[:count])
		ended = ended[count:]
	}
}

// forget ends leases for everybody but their session.
func (l *leases) forget(ended ...*lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range ended {
		if l.byID[one.id()] == one {
			delete(l.byID, one.id())
		}
	}
	if len(l.byID) == 0 && l.expiry != nil {
		l.expiry.Stop() // nothing is left behind
		l.expireAt = time.Time{}
	}
}

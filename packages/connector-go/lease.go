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
	expiry   *time.Timer // nil = no limit
}

func (l *lease) id() string { return l.delivery.GetDeliveryId() }

// leases are those of all streams, for they may be settled by other calls than their own.
type leases struct {
	mu   sync.Mutex
	byID map[string]*lease
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
		granted.expiry = time.AfterFunc(timeout, func() { l.drop(granted) })
	}
}

// end is called when deliveries were settled, of streams or not.
func (l *leases) end(settlements ...Settlement) {
	for _, settlement := range settlements {
		l.mu.Lock()
		ended := l.byID[settlement.DeliveryID]
		l.mu.Unlock()
		if ended != nil {
			l.drop(ended)
		}
	}
}

func (l *leases) drop(ended *lease) {
	l.forget(ended)
	ended.session.leaseEnded(ended)
}

// forget ends a lease for everybody but its session.
func (l *leases) forget(ended *lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byID[ended.id()] == ended {
		delete(l.byID, ended.id())
	}
	if ended.expiry != nil {
		ended.expiry.Stop()
	}
}

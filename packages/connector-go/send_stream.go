package connector

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// SendStream sends over one stream. All methods may be called at any time and concurrently.
//
// When the stream is lost, every Send that waits fails: whether its message was sent is unknown, so
// retry with the same Message.ID, over another stream.
type SendStream struct {
	node   *nodeClient
	rpc    grpc.BidiStreamingClient[connectorpb.SendStreamRequest, connectorpb.SendStreamResponse]
	ctx    context.Context // ends with the caller's, and with Close's; that of rpc also with the stream
	cancel context.CancelFunc
	done   chan struct{}

	mu          sync.Mutex
	changed     *sync.Cond // there may be something to write
	waiting     []*sendCall
	underWay    map[uint64]*sendCall
	maxInFlight int
	nextSeq     uint64
	closing     bool
	lost        error // nil = the stream stands
	end         error // of Close
}

// sendCall is one Send that is not answered.
type sendCall struct {
	message  *connectorpb.Message
	size     int
	deadline time.Time // zero = the connection's timeout
	outcome  chan SendResult
}

func (c *nodeClient) OpenSendStream(ctx context.Context) (*SendStream, error) {
	ctx, cancel := context.WithCancel(ctx)
	rpc, err := c.rpc.SendStream(ctx)
	var first *connectorpb.SendStreamResponse
	if err == nil {
		first, err = rpc.Recv()
	}
	if err != nil {
		err = fromStatus(ctx, "SendStream", err)
		cancel()
		return nil, err
	}
	s := &SendStream{
		node:        c,
		rpc:         rpc,
		ctx:         ctx,
		cancel:      cancel,
		done:        make(chan struct{}),
		underWay:    map[uint64]*sendCall{},
		maxInFlight: max(1, int(first.GetMaxInFlight())),
	}
	s.changed = sync.NewCond(&s.mu)
	go s.read()
	go s.write()
	return s, nil
}

// Send makes one attempt to send a message, as ConnectionNode.Send does. It waits while the connector
// has as many messages as it takes at a time; what waits leaves in the order in which it came.
//
// The deadline of ctx is the message's limit; without one it is ConnectionConfig.Timeout. The end of
// ctx ends the call, not an attempt that has left: its outcome is unknown.
func (s *SendStream) Send(ctx context.Context, msg Message) (SendReceipt, error) {
	if err := ctx.Err(); err != nil {
		return SendReceipt{}, fmt.Errorf("Send: %w", err)
	}
	call := &sendCall{
		message: s.node.addressed(msg),
		size:    msg.Size(),
		outcome: make(chan SendResult, 1),
	}
	call.deadline, _ = ctx.Deadline()
	if err := s.enqueue(call); err != nil {
		return SendReceipt{}, err
	}
	select {
	case outcome := <-call.outcome:
		return outcome.Receipt, outcome.Err
	case <-ctx.Done():
		s.withdraw(call)
		return SendReceipt{}, fmt.Errorf("Send: %w", ctx.Err())
	}
}

// Close lets the stream take no more, and returns when all is answered: nil, or why the stream was
// lost. The end of ctx breaks the stream.
func (s *SendStream) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.changed.Signal()
	select {
	case <-s.done:
		return s.end
	case <-ctx.Done():
		s.cancel()
		return fmt.Errorf("Close: %w", ctx.Err())
	}
}

// Done is closed when the stream has ended: closed, or lost.
func (s *SendStream) Done() <-chan struct{} { return s.done }

func (s *SendStream) enqueue(call *sendCall) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return &PluginError{Code: CodeNotConnected, Message: "the stream is closed", Recoverable: true}
	case s.lost != nil:
		return s.lost
	}
	s.waiting = append(s.waiting, call)
	s.changed.Signal()
	return nil
}

// withdraw leaves a call that was sent where it is: it keeps its place until it is answered.
func (s *SendStream) withdraw(call *sendCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.waiting, call); i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
	}
}

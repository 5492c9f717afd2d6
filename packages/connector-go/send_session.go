package connector

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

type sendServer = grpc.BidiStreamingServer[connectorpb.SendStreamRequest, connectorpb.SendStreamResponse]

// sendSession serves one SendStream. Each message is answered by itself; a host that breaks the protocol
// loses this stream, and nothing else.
type sendSession struct {
	node   *nodeServer
	link   *link
	stream sendServer
	ctx    context.Context // of the Impl's calls
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	changed *sync.Cond
	lastSeq uint64
	begun   bool
	open    int // messages whose result has not left
	held    int // messages that take up room: see attempt.holds
	bytes   int
	results []*attempt
	writing bool // one goroutine does
	ending  bool
	end     error // what the stream ends with when nothing is open
	broken  error // what it ends with now

	workers workers
}

// SendStream reads in a goroutine of its own, which ends with the stream.
func (s *nodeServer) SendStream(stream sendServer) error {
	link, err := s.connection.link()
	if err != nil {
		return toStatus(stream.Context(), err)
	}
	session := &sendSession{node: s, link: link, stream: stream}
	session.changed = sync.NewCond(&session.mu)
	session.ctx, session.cancel = context.WithCancelCause(stream.Context())
	session.workers = newWorkers(stream.Context().Done())
	defer session.breakOff(context.Canceled)
	defer afterFunc(stream.Context(), func() { session.breakOff(stream.Context().Err()) })()
	defer afterFunc(link.closing, func() { session.finish(disconnected()) })()
	defer afterFunc(link.gone, func() { session.cancel(cutByDisconnect()) })()

	if err := stream.Send(&connectorpb.SendStreamResponse{MaxInFlight: maxHeldMessages}); err != nil {
		return err
	}
	go session.read()
	return endOfStream(stream.Context(), session.wait())
}

// read reads on only while there is room.
func (s *sendSession) read() {
	for s.awaitRoom() {
		request, err := s.stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			s.finish(nil)
			return
		case err == nil:
			err = s.checkFrame(request.GetItems())
		}
		if err != nil {
			s.breakOff(err)
			return
		}
		s.send(request.GetItems())
	}
}

// awaitRoom gives false when the stream is broken.
func (s *sendSession) awaitRoom() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.broken == nil && (s.held >= maxHeldMessages || s.bytes >= maxHeldBytes) {
		s.changed.Wait()
	}
	return s.broken == nil
}

// finish takes nothing more: the stream ends when all is answered.
func (s *sendSession) finish(end error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ending {
		s.ending, s.end = true, end
	}
	s.changed.Broadcast()
}

// breakOff gives up what is under way: its outcome is unknown.
func (s *sendSession) breakOff(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == nil {
		s.broken = cause
	}
	s.changed.Broadcast()
}

// wait gives what the stream ends with, when nobody writes to it any more.
func (s *sendSession) wait() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.writing:
		case s.broken != nil:
			return s.broken
		case s.ending && s.open == 0:
			return s.end
		}
		s.changed.Wait()
	}
}

// write sends the results that there are, unless somebody else does. Whoever has made some calls it: another
// goroutine that had to be woken for each frame would cost more than the frame.
func (s *sendSession) write() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writing {
		return
	}
	s.writing = true
	for s.broken == nil && len(s.results) > 0 {
		response := &connectorpb.SendStreamResponse{Results: s.takeResults()}
		s.mu.Unlock()
		err := s.stream.Send(response)
		s.mu.Lock()
		if err != nil && s.broken == nil {
			s.broken = err
		}
	}
	s.writing = false
	s.changed.Broadcast()
}

func (s *sendSession) takeResults() []*connectorpb.SendResult {
	taken := takeFrame(&s.results, (*attempt).resultSize, maxFrameMessages)
	results := make([]*connectorpb.SendResult, len(taken))
	for i, a := range taken {
		results[i] = a.result
		s.open--
		s.drop(a)
	}
	return results
}

// afterFunc gives what undoes it.
func afterFunc(ctx context.Context, f func()) (undo func()) {
	stop := context.AfterFunc(ctx, f)
	return func() { stop() }
}

package connector

import (
	"errors"
	"io"
	"maps"
	"runtime"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// write sends what has come together, as far as the connector takes it. Why it fails is what read
// learns.
func (s *SendStream) write() {
	for {
		runtime.Gosched() // who is about to Send comes first, and travels with the others
		items := s.nextItems()
		if len(items) == 0 {
			_ = s.rpc.CloseSend()
			return
		}
		if err := s.rpc.Send(&connectorpb.SendStreamRequest{Items: items}); err != nil {
			return
		}
	}
}

// nextItems gives nothing when there will be nothing any more.
func (s *SendStream) nextItems() []*connectorpb.SendItem {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.lost == nil {
		room := s.maxInFlight - len(s.underWay)
		if len(s.waiting) > 0 && room > 0 {
			calls := takeFrame(&s.waiting, func(c *sendCall) int { return c.size }, room)
			return s.number(calls)
		}
		if s.closing && len(s.waiting) == 0 {
			break
		}
		s.changed.Wait()
	}
	return nil
}

func (s *SendStream) number(calls []*sendCall) []*connectorpb.SendItem {
	items := make([]*connectorpb.SendItem, len(calls))
	for i, call := range calls {
		items[i] = &connectorpb.SendItem{Seq: s.nextSeq, Message: call.message}
		if !call.deadline.IsZero() {
			items[i].Timeout = durationpb.New(max(0, time.Until(call.deadline)))
		}
		s.underWay[s.nextSeq] = call
		s.nextSeq++
	}
	return items
}

func (s *SendStream) read() {
	for {
		response, err := s.rpc.Recv()
		if err != nil {
			s.lose(err)
			return
		}
		s.answer(response.GetResults())
	}
}

func (s *SendStream) answer(results []*connectorpb.SendResult) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, result := range results {
		if call, ok := s.underWay[result.GetSeq()]; ok {
			delete(s.underWay, result.GetSeq())
			call.outcome <- sendResultFromWire(result)
		}
	}
	s.changed.Signal()
}

func (s *SendStream) lose(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(err, io.EOF) {
		s.lost = NewConnectionError("the connector ended the stream")
	} else {
		s.lost = s.unknownOutcome(fromStatus(s.ctx, "SendStream", err))
	}
	if !errors.Is(err, io.EOF) || len(s.underWay)+len(s.waiting) > 0 {
		s.end = s.lost
	}
	for _, call := range s.underWay {
		call.outcome <- SendResult{Err: s.lost}
	}
	for _, call := range s.waiting {
		call.outcome <- SendResult{Err: s.lost}
	}
	s.underWay, s.waiting = nil, nil
	s.cancel()
	close(s.done)
	s.changed.Signal()
}

// unknownOutcome makes sure that no message is given up because of the stream that it was on. If the
// stream broke at a message above the connector's limit, the largest one is above it for certain: it
// is told so, or it would break the next stream, too.
func (s *SendStream) unknownOutcome(cause error) error {
	var failure *PluginError
	if !errors.As(cause, &failure) || failure.Recoverable {
		return cause
	}
	if failure.Code == CodePayloadTooLarge && len(s.underWay) > 0 {
		seqs := slices.Collect(maps.Keys(s.underWay))
		largest := slices.MaxFunc(seqs, func(a, b uint64) int { return s.underWay[a].size - s.underWay[b].size })
		s.underWay[largest].outcome <- SendResult{Err: cause}
		delete(s.underWay, largest)
	}
	return NewConnectionError("the stream was lost: " + failure.Error())
}

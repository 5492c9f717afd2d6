package connector

import (
	"fmt"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

func (s *sendSession) checkFrame(items []*connectorpb.SendItem) error {
	bytes := 0
	for _, item := range items {
		if s.begun && item.GetSeq() <= s.lastSeq {
			return &PluginError{Code: CodeInvalidState, Message: fmt.Sprintf(
				"seq %d follows %d on one SendStream: it must be greater than all before", item.GetSeq(), s.lastSeq)}
		}
		s.begun, s.lastSeq = true, item.GetSeq()
		bytes += sizeOf(item.GetMessage().GetPayload(), item.GetMessage().GetHeaders())
	}
	if len(items) > maxFrameMessages || len(items) > 1 && bytes > maxFrameBytes {
		return &PluginError{Code: CodePayloadTooLarge, Message: fmt.Sprintf(
			"a frame of SendStream has %d messages of %d bytes in all: at most %d and %d, or one larger message",
			len(items), bytes, maxFrameMessages, maxFrameBytes)}
	}
	return nil
}

// send answers at once what must not be sent; the rest of a frame is one batch for an Impl that can.
func (s *sendSession) send(items []*connectorpb.SendItem) {
	admitted := s.admit(items)
	batch := make([]*attempt, 0, len(admitted))
	for _, a := range admitted {
		err := s.node.check(a.message)
		if s.link.closing.Err() != nil {
			err = disconnected()
		}
		if err != nil {
			s.answer([]*attempt{a}, func(int, *attempt) SendResult { return SendResult{Err: err} })
			s.release(a)
			continue
		}
		batch = append(batch, a)
	}
	if len(batch) < len(admitted) {
		go s.write() // a host that reads no results must not keep us from reading
	}
	if impl, ok := s.node.impl.(BatchSender); ok && len(batch) > 0 {
		s.workers.run(func() { s.attempt(impl.SendBatch, batch...) })
		return
	}
	for _, a := range batch {
		s.workers.run(func() { s.attempt(s.node.sendOne, a) })
	}
}

func (s *sendSession) admit(items []*connectorpb.SendItem) []*attempt {
	admitted := make([]*attempt, len(items))
	bytes := 0
	for i, item := range items {
		a := &attempt{
			seq:     item.GetSeq(),
			message: messageFromWire(item.GetMessage()),
			size:    sizeOf(item.GetMessage().GetPayload(), item.GetMessage().GetHeaders()),
			limit:   s.link.timeout,
			holds:   2,
		}
		if item.GetTimeout() != nil {
			a.limit = item.GetTimeout().AsDuration()
		}
		admitted[i] = a
		bytes += a.size
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open += len(admitted)
	s.held += len(admitted)
	s.bytes += bytes
	return admitted
}

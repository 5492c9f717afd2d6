package connector

import (
	"context"
	"fmt"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// attempt is one message of a SendStream, to be sent once.
type attempt struct {
	seq     uint64
	message Message
	size    int
	limit   time.Duration
	result  *connectorpb.SendResult // nil = not answered

	// holds counts why the message takes up room: the Impl may have it, and its result has not left.
	// An Impl that does not heed its ctx keeps a message that was answered for it.
	holds int
}

// attempt sends a batch. Each message is answered at its outcome or at its own limit.
func (s *sendSession) attempt(
	send func(context.Context, []Message) ([]SendResult, error), batch ...*attempt,
) {
	defer s.write()
	defer s.release(batch...)
	messages := make([]Message, len(batch))
	for i, a := range batch {
		messages[i] = a.message
	}
	longest := time.Duration(0)
	for limit, group := range byLimit(batch) {
		longest = max(longest, limit)
		expiry := time.AfterFunc(limit, func() {
			s.answer(group, func(_ int, a *attempt) SendResult { return SendResult{Err: tooLate(a)} })
			s.write()
		})
		defer expiry.Stop()
	}
	ctx, cancel := context.WithTimeout(s.ctx, longest)
	defer cancel()
	results, err := guard("Send", func() ([]SendResult, error) { return send(ctx, messages) })
	if err == nil && len(results) != len(batch) {
		err = &PluginError{Code: CodeInternal, Recoverable: true, Message: fmt.Sprintf(
			"the connector gave %d results for %d messages; their outcome is unknown", len(results), len(batch))}
	}
	s.answer(batch, func(i int, a *attempt) SendResult {
		if err != nil {
			return SendResult{Err: explain(ctx, a, err)}
		}
		return SendResult{Receipt: results[i].Receipt, Err: explain(ctx, a, results[i].Err)}
	})
}

// byLimit needs one timer for most batches, not one for each message.
func byLimit(batch []*attempt) map[time.Duration][]*attempt {
	groups := make(map[time.Duration][]*attempt, 1)
	for _, a := range batch {
		groups[a.limit] = append(groups[a.limit], a)
	}
	return groups
}

// explain says why the ctx of the Impl's call had ended, if that is what it failed of.
func explain(ctx context.Context, a *attempt, err error) error {
	switch {
	case err == nil || !isContextError(err) || ctx.Err() == nil:
		return err
	case ctx.Err() == context.DeadlineExceeded:
		return tooLate(a)
	default:
		return context.Cause(ctx)
	}
}

// sendOne is a SendBatch for an Impl that has none.
func (s *nodeServer) sendOne(ctx context.Context, messages []Message) ([]SendResult, error) {
	id, err := s.impl.Send(ctx, messages[0])
	return []SendResult{{Receipt: SendReceipt{MessageID: id}, Err: err}}, nil
}

// answer counts once for each attempt.
func (s *sendSession) answer(batch []*attempt, resultOf func(int, *attempt) SendResult) {
	wire := make([]*connectorpb.SendResult, len(batch))
	for i, a := range batch {
		wire[i] = sendResultToWire(a.seq, a.message.ID, resultOf(i, a))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, a := range batch {
		if a.result == nil {
			a.result = wire[i]
			s.results = append(s.results, a)
		}
	}
	s.changed.Broadcast()
}

// release is called when the Impl does not have the messages (any more).
func (s *sendSession) release(batch ...*attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range batch {
		s.drop(a)
	}
	s.changed.Broadcast()
}

func (s *sendSession) drop(a *attempt) {
	a.holds--
	if a.holds == 0 {
		s.held--
		s.bytes -= a.size
		s.changed.Broadcast()
	}
}

func (a *attempt) resultSize() int {
	receipt := a.result.GetReceipt()
	return sizeOf(receipt.GetPayload(), receipt.GetHeaders())
}

func cutByDisconnect() error {
	return NewConnectionError("Disconnect ended the attempt to send the message; its outcome is unknown")
}

func tooLate(a *attempt) error {
	return &PluginError{Code: CodeTimeout, Recoverable: true, Message: fmt.Sprintf(
		"message %s was not sent within %s; its outcome is unknown", a.message.ID, a.limit.Round(time.Millisecond))}
}

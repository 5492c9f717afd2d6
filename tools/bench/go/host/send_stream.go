package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ValueRetail/vrsky-bench/messages"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// sendStream sends frames of a batch each, as soon as there is room for one: as many frames are under
// way as the case says, if the plugin takes as many messages.
func sendStream(ctx context.Context, r *run) error {
	// Its end breaks the stream, if one of the two loops fails.
	group, ctx := errgroup.WithContext(ctx)
	stream, err := r.rpc.SendStream(ctx)
	if err != nil {
		return err
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	window := min(r.InFlight*r.Batch, int(first.GetMaxInFlight()))
	if window < r.Batch {
		return fmt.Errorf("the plugin takes %d messages at a time, less than a batch", window)
	}
	sent := &underWay{options: r.options, open: map[uint64]time.Time{}}
	answered := make(chan int, window)
	group.Go(func() error { return readResults(r, stream, sent, answered) })
	group.Go(func() error { return writeItems(ctx, r, stream, sent, window, answered) })
	if err := group.Wait(); err != nil {
		return err
	}
	if len(sent.open) > 0 {
		return fmt.Errorf("%d messages were not answered", len(sent.open))
	}
	return r.checkCount(context.WithoutCancel(ctx), "sent", sent.next)
}

type sendClient = interface {
	Send(*connectorpb.SendStreamRequest) error
	CloseSend() error
	Recv() (*connectorpb.SendStreamResponse, error)
}

func writeItems(ctx context.Context, r *run, stream sendClient, sent *underWay, room int, answered <-chan int) error {
	for r.running() {
		for room < r.Batch {
			select {
			case count, ok := <-answered:
				if !ok {
					return errors.New("the plugin ended the stream")
				}
				room += count
			case <-ctx.Done():
				return ctx.Err() // readResults failed: the group has its error already
			}
		}
		room -= r.Batch
		items := make([]*connectorpb.SendItem, r.Batch)
		first := sent.begin(r.Batch)
		for i := range items {
			seq := first + uint64(i)
			items[i] = &connectorpb.SendItem{Seq: seq, Message: messages.New(seq, r.payload)}
		}
		if err := stream.Send(&connectorpb.SendStreamRequest{Items: items}); err != nil {
			if errors.Is(err, io.EOF) {
				return nil // readResults learns why
			}
			return err
		}
	}
	return stream.CloseSend()
}

// readResults closes answered where the plugin ends the stream, not where it fails itself: its error would
// be the second one then, and the group keeps the first.
func readResults(r *run, stream sendClient, sent *underWay, answered chan<- int) error {
	recorder := r.recorder()
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			close(answered)
			return nil
		}
		if err != nil {
			return err
		}
		r.frame()
		if err := sent.answer(response.GetResults(), recorder); err != nil {
			return err
		}
		answered <- len(response.GetResults())
	}
}

// underWay is what was sent and not answered. A message has its seq for its number.
type underWay struct {
	*options
	mu       sync.Mutex
	open     map[uint64]time.Time
	next     uint64
	answered uint64
}

func (u *underWay) begin(count int) (first uint64) {
	now := time.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	first = u.next
	for range count {
		u.open[u.next] = now
		u.next++
	}
	return first
}

func (u *underWay) answer(results []*connectorpb.SendResult, recorder *recorder) error {
	now := time.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, result := range results {
		seq := result.GetSeq()
		if u.FixedAnswers {
			seq = u.answered // in the order in which they were sent
		}
		began, ok := u.open[seq]
		if !ok {
			return fmt.Errorf("result %d answers nothing", seq)
		}
		if err := u.checkReceipt(result.GetReceipt(), messages.ID(seq)); err != nil {
			return fmt.Errorf("%w (%v)", err, result.GetError())
		}
		delete(u.open, seq)
		u.answered++
		recorder.done(now.Sub(began))
	}
	return nil
}

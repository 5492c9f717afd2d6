package host

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/ValueRetail/vrsky-go-plugin-conformance/testingpb"
)

const mebibyte = 1 << 20

func TestCase54_ABidirectionalStreamAnswersInOrder(t *testing.T) {
	t.Parallel()
	eachTLS(t, func(t *testing.T, h *host) {
		stream, err := h.EchoStream(h.ctx)
		check(t, err)
		for n := range 6 {
			sent := &testingpb.Payload{Text: fmt.Sprint("message ", n), Data: make([]byte, n*1000)}
			check(t, stream.Send(sent))
			received, err := stream.Recv()
			check(t, err)
			if !proto.Equal(received, sent) {
				t.Fatalf("sent %v, received %v", sent, received)
			}
		}
		check(t, stream.CloseSend())
		_, err = stream.Recv()
		equal(t, err, io.EOF)
	})
}

func TestCase55_LargeMessagesAndCallsThatEndEarly(t *testing.T) {
	t.Parallel()
	eachTLS(t, func(t *testing.T, h *host) {
		large := make([]byte, 39*mebibyte/10)
		_, _ = rand.Read(large)
		answer, err := h.Echo(h.ctx, &testingpb.Payload{Data: large})
		check(t, err)
		equal(t, bytes.Equal(answer.Data, large), true)
		equal(t, h.do("repeat x", fmt.Append(nil, 20*mebibyte)...) == strings.Repeat("x", 20*mebibyte), true)

		_, err = h.Echo(h.ctx, &testingpb.Payload{Data: make([]byte, 4*mebibyte+1)})
		equal(t, status.Code(err), codes.ResourceExhausted)

		ctx, cancel := context.WithTimeout(h.ctx, 200*time.Millisecond)
		defer cancel()
		_, err = h.Run(ctx, &testingpb.Payload{Text: "hang until cancelled"})
		equal(t, status.Code(err), codes.DeadlineExceeded)
		eventually(t, "the deadline has reached the handler", func() bool { return h.do("cancelled") == "1" })

		ctx, cancel = context.WithCancel(h.ctx)
		call := make(chan error, 1)
		go func() {
			_, err := h.Run(ctx, &testingpb.Payload{Text: "hang until cancelled"})
			call <- err
		}()
		h.echo()
		cancel()
		equal(t, status.Code(next(t, call)), codes.Canceled)
		eventually(t, "the cancellation has reached the handler", func() bool { return h.do("cancelled") == "2" })
	})
}

func TestCase56_AnErrorKeepsCodeTextAndDetails(t *testing.T) {
	t.Parallel()
	h := start(t)
	_, err := h.Run(h.ctx, &testingpb.Payload{Text: "fail with details"})
	failure := status.Convert(err)
	equal(t, failure.Code(), codes.ResourceExhausted)
	equal(t, failure.Message(), "no, not today ✓")
	if details := failure.Details(); len(details) != 1 || details[0].(*testingpb.Payload).Text != "the details" {
		t.Fatalf("details: %v", details)
	}
	_, err = h.Run(h.ctx, &testingpb.Payload{Text: "fail"})
	equal(t, status.Code(err), codes.FailedPrecondition)
}

func TestErrorsAndMetadataMayBeAsLongAsInGo(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.start()
	for _, length := range []int{70_000, 300_000, 1_000_000} {
		_, err := h.Run(h.ctx, &testingpb.Payload{Text: "fail at length", Data: fmt.Append(nil, length)})
		equal(t, status.Code(err), codes.Aborted)
		equal(t, len(status.Convert(err).Message()), length)
	}
	pairs := metadata.MD{}
	for i := range 500 {
		pairs.Set(fmt.Sprintf("x-%d", i), "value")
	}
	var header, trailer metadata.MD
	ctx := metadata.NewOutgoingContext(h.ctx, pairs)
	_, err := h.Run(ctx, &testingpb.Payload{Text: "metadata"}, grpc.Header(&header), grpc.Trailer(&trailer))
	check(t, err)
	equal(t, header["x-499"][0]+trailer["x-499"][0], "valuevalue")
	ctx = metadata.AppendToOutgoingContext(h.ctx, "x-long", strings.Repeat("m", 100_000))
	_, err = h.Run(ctx, &testingpb.Payload{Text: "metadata"})
	equal(t, status.Code(err), codes.Internal)
	h.echo()
}

func TestCase57_AThousandQuickCancelsKeepTheConnection(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	connections := &connectionCounter{}
	h.config.GRPCDialOptions = []grpc.DialOption{grpc.WithStatsHandler(connections)}
	h.start()
	var calls sync.WaitGroup
	for range 1000 {
		calls.Go(func() {
			ctx, cancel := context.WithCancel(h.ctx)
			time.AfterFunc(time.Millisecond, cancel)
			_, err := h.Run(ctx, &testingpb.Payload{Text: "hang"})
			if code := status.Code(err); code != codes.Canceled {
				t.Errorf("a cancelled call ended with %s", err)
			}
		})
	}
	calls.Wait()
	h.echo()
	equal(t, connections.begun.Load(), 1)
}

// connectionCounter counts how often grpc-go has connected: after a GOAWAY it does so again by itself.
type connectionCounter struct{ begun atomic.Int32 }

func (c *connectionCounter) HandleConn(_ context.Context, event stats.ConnStats) {
	if _, begins := event.(*stats.ConnBegin); begins {
		c.begun.Add(1)
	}
}

func (*connectionCounter) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return ctx
}
func (*connectionCounter) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return ctx
}
func (*connectionCounter) HandleRPC(context.Context, stats.RPCStats) {}

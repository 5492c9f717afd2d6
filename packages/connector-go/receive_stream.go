package connector

import (
	"context"
	"errors"
	"io"
	"math"
	"sync"

	"google.golang.org/grpc"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// ReceiveStream brings deliveries over one stream. When it is lost, all that is not settled comes
// again. Read it to its end, or end its ctx: otherwise it stays.
//
// Next is for one goroutine at a time; the other methods may be called at any time, concurrently, and
// never block.
type ReceiveStream struct {
	rpc grpc.BidiStreamingClient[connectorpb.ReceiveStreamRequest, connectorpb.ReceiveStreamResponse]
	ctx context.Context // the caller's; that of rpc also ends with the stream
	end error           // of Next

	mu          sync.Mutex
	changed     *sync.Cond // there may be something to write
	messages    uint64     // credit that the connector was not told of
	bytes       uint64
	settlements []*connectorpb.Settlement
	halfClosed  bool
	ended       bool
}

func (c *nodeClient) OpenReceiveStream(ctx context.Context) (*ReceiveStream, error) {
	rpc, err := c.rpc.ReceiveStream(ctx)
	if err != nil {
		return nil, fromStatus(ctx, "ReceiveStream", err)
	}
	s := &ReceiveStream{rpc: rpc, ctx: ctx}
	s.changed = sync.NewCond(&s.mu)
	context.AfterFunc(rpc.Context(), s.stop)
	go s.write()
	return s, nil
}

// Grant lets the connector hand out more, besides what it still may: so many messages, and so many
// bytes of payload and headers. A message above the byte credit comes when nothing is outstanding. A
// new stream has no credit. After HalfClose it does nothing.
func (s *ReceiveStream) Grant(messages uint32, bytes uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages += uint64(messages)
	s.bytes += bytes
	s.changed.Signal()
}

// Settle settles deliveries of this stream or of any other. It returns before that is recorded: what
// hits nothing is told by Next. After HalfClose, and when the stream has ended, it fails with
// INVALID_STATE: use Acknowledge.
func (s *ReceiveStream) Settle(settlements ...Settlement) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.halfClosed || s.ended {
		return &PluginError{
			Code:    CodeInvalidState,
			Message: "the stream takes no settlements any more: settle by Acknowledge",
		}
	}
	for _, settlement := range settlements {
		s.settlements = append(s.settlements, settlementToWire(settlement))
	}
	s.changed.Signal()
	return nil
}

// HalfClose lets the connector hand out no more. Next gives io.EOF when all that is outstanding is
// settled, or its time is over.
func (s *ReceiveStream) HalfClose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.halfClosed = true
	s.changed.Signal()
}

// Next blocks until there are deliveries or unknown ids. It gives io.EOF when the stream has ended as
// it should, and again whatever it failed with.
func (s *ReceiveStream) Next() (DeliveryFrame, error) {
	if s.end != nil {
		return DeliveryFrame{}, s.end
	}
	response, err := s.rpc.Recv()
	if err != nil {
		s.end = err
		if !errors.Is(err, io.EOF) {
			s.end = fromStatus(s.ctx, "ReceiveStream", err)
		}
		return DeliveryFrame{}, s.end
	}
	frame := DeliveryFrame{UnknownDeliveryIDs: response.GetUnknownDeliveryIds()}
	for _, wire := range response.GetDeliveries() {
		frame.Deliveries = append(frame.Deliveries, deliveryFromWire(wire))
	}
	return frame, nil
}

// stop ends the writer; whoever reads learns of the end by Next.
func (s *ReceiveStream) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.changed.Signal()
}

// write sends what has come together.
func (s *ReceiveStream) write() {
	for {
		request := s.nextRequest()
		if request == nil {
			_ = s.rpc.CloseSend()
			return
		}
		if err := s.rpc.Send(request); err != nil {
			return
		}
	}
}

// nextRequest gives nil when there will be nothing any more.
func (s *ReceiveStream) nextRequest() *connectorpb.ReceiveStreamRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.ended {
		if s.messages > 0 || s.bytes > 0 || len(s.settlements) > 0 {
			credit := &connectorpb.Credit{Messages: uint32(min(s.messages, math.MaxUint32)), Bytes: s.bytes}
			s.messages -= uint64(credit.Messages)
			s.bytes = 0
			return &connectorpb.ReceiveStreamRequest{
				Credit:      credit,
				Settlements: takeFrame(&s.settlements, sizeOfSettlement, maxFrameMessages),
			}
		}
		if s.halfClosed {
			break
		}
		s.changed.Wait()
	}
	return nil
}

func sizeOfSettlement(wire *connectorpb.Settlement) int {
	reply := wire.GetAck().GetReply()
	return sizeOf(reply.GetPayload(), reply.GetHeaders())
}

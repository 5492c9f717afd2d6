package connector

import (
	"context"
	"errors"
	"io"
	"log"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

type receiveServer = grpc.BidiStreamingServer[
	connectorpb.ReceiveStreamRequest, connectorpb.ReceiveStreamResponse]

// ReceiveStream is for an Impl with explicit acknowledgement. Another one lets go of a message when it
// hands it out, and a stream hands out more than its host has read.
func (s *nodeServer) ReceiveStream(stream receiveServer) error {
	impl, ok := s.impl.(AckReceiver)
	if !ok {
		return status.Error(codes.Unimplemented, "this connector hands out nothing to acknowledge: use Receive")
	}
	link, err := s.connection.link()
	if err != nil {
		return toStatus(stream.Context(), err)
	}
	session := newReceiveSession(stream.Context(), s, impl, link)
	defer session.breakOff(context.Canceled)
	defer afterFunc(stream.Context(), func() { session.breakOff(stream.Context().Err()) })()
	defer afterFunc(link.closing, func() { session.finish(disconnected()) })()
	defer afterFunc(link.gone, session.disconnected)()

	go session.read(stream)
	go session.receive()
	for {
		frame, err := session.nextFrame()
		if frame == nil {
			return endOfStream(stream.Context(), err)
		}
		if err := stream.Send(frame); err != nil {
			return err
		}
	}
}

// receive fetches while there is credit. An Impl that fails ends the stream when all is settled.
func (s *receiveSession) receive() {
	for s.awaitHunger() {
		delivery, err := guard("ReceiveDelivery", func() (Delivery, error) {
			return receiveDelivery(s.fetch, s.impl)
		})
		if err != nil {
			s.finish(toPluginError(err))
			return
		}
		s.take(delivery)
	}
}

// read is the only one to settle: what a slow Impl has not recorded holds up what comes after it.
func (s *receiveSession) read(stream receiveServer) {
	for s.awaitReports() {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			s.finish(nil)
			return
		}
		if err == nil {
			s.settle(request.GetSettlements())
			err = s.grant(request.GetCredit())
		}
		if err != nil {
			s.breakOff(err)
			return
		}
	}
}

func (s *receiveSession) settle(wire []*connectorpb.Settlement) {
	if len(wire) == 0 {
		return
	}
	s.mu.Lock()
	s.settling = true // the stream does not end before they are recorded
	s.mu.Unlock()
	settlements := settlementsFromWire(wire)
	unknown, err := s.acknowledge(settlements)
	if err != nil {
		log.Printf("[WARN] %d settlements were not recorded: %v", len(settlements), err)
		unknown = nil
		for _, settlement := range settlements {
			unknown = append(unknown, settlement.DeliveryID)
		}
	}
	s.report(unknown)
	s.node.leases.end(settlements...)
}

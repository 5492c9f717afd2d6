package main

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ValueRetail/vrsky-bench/messages"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

func (n *node) Receive(
	_ context.Context, request *connectorpb.ReceiveRequest,
) (*connectorpb.ReceiveResponse, error) {
	if request.GetExplicitAck() {
		return &connectorpb.ReceiveResponse{Delivery: n.deliver()}, nil
	}
	// It cannot see whether the answer arrived, so this counts as acked at once.
	n.acked.Add(1)
	return &connectorpb.ReceiveResponse{Delivery: &connectorpb.Delivery{Message: n.make()}}, nil
}

func (n *node) Acknowledge(
	_ context.Context, request *connectorpb.AcknowledgeRequest,
) (*connectorpb.AcknowledgeResponse, error) {
	n.acked.Add(uint64(len(request.GetSettlements())))
	return &connectorpb.AcknowledgeResponse{}, nil
}

type receiveServer = grpc.BidiStreamingServer[
	connectorpb.ReceiveStreamRequest, connectorpb.ReceiveStreamResponse]

// ReceiveStream answers each grant by frames of its own, so that they have as many messages as the case
// says. It ends with the host's half-close: what is settled by then is all that was handed out.
func (n *node) ReceiveStream(stream receiveServer) error {
	grants := make(chan int, mostGrants)
	received := make(chan error, 1)
	go func() {
		defer close(grants)
		received <- n.read(stream, grants)
	}()
	for count := range grants {
		for count > 0 {
			if err := stream.Send(n.frame(&count)); err != nil {
				return err
			}
		}
	}
	return <-received
}

// read counts messages only: the host of the benchmark grants bytes for as many.
func (n *node) read(stream receiveServer, grants chan<- int) error {
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		n.acked.Add(uint64(len(request.GetSettlements())))
		select {
		case grants <- int(request.GetCredit().GetMessages()):
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}

// frame has at least one delivery, and takes what is in it off the count.
func (n *node) frame(count *int) *connectorpb.ReceiveStreamResponse {
	frame := &connectorpb.ReceiveStreamResponse{}
	for bytes := 0; *count > 0 && len(frame.Deliveries) < maxFrameMessages; *count-- {
		if bytes += n.size; bytes > maxFrameBytes && len(frame.Deliveries) > 0 {
			break
		}
		frame.Deliveries = append(frame.Deliveries, n.deliver())
	}
	return frame
}

func (n *node) deliver() *connectorpb.Delivery {
	message := n.make()
	return &connectorpb.Delivery{
		Message: message, DeliveryId: message.GetId(), AckTimeout: durationpb.New(ackTimeout),
	}
}

func (n *node) make() *connectorpb.Message {
	return messages.New(n.made.Add(1)-1, n.payload)
}

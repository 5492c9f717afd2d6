package main

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

func (n *node) Send(_ context.Context, request *connectorpb.SendRequest) (*connectorpb.SendResponse, error) {
	n.sent.Add(1)
	return &connectorpb.SendResponse{Receipt: receipt(request.GetMessage())}, nil
}

func (n *node) SendStream(
	stream grpc.BidiStreamingServer[connectorpb.SendStreamRequest, connectorpb.SendStreamResponse],
) error {
	if err := stream.Send(&connectorpb.SendStreamResponse{MaxInFlight: maxInFlight}); err != nil {
		return err
	}
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		items := request.GetItems()
		results := make([]*connectorpb.SendResult, len(items))
		for i, item := range items {
			results[i] = &connectorpb.SendResult{
				Seq:     item.GetSeq(),
				Outcome: &connectorpb.SendResult_Receipt{Receipt: receipt(item.GetMessage())},
			}
		}
		n.sent.Add(uint64(len(items)))
		if err := stream.Send(&connectorpb.SendStreamResponse{Results: results}); err != nil {
			return err
		}
	}
}

func receipt(message *connectorpb.Message) *connectorpb.SendReceipt {
	return &connectorpb.SendReceipt{MessageId: message.GetId()}
}

package connector_test

import (
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/ValueRetail/vrsky/pkg/connector"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// thriftyNode takes three messages at a time, and remembers the most that it was given.
type thriftyNode struct {
	foreignNode
	count int
	most  chan int
}

func (n thriftyNode) SendStream(
	stream grpc.BidiStreamingServer[connectorpb.SendStreamRequest, connectorpb.SendStreamResponse],
) error {
	const limit = 3
	most, taken := 0, 0
	var open []*connectorpb.SendItem
	if err := stream.Send(&connectorpb.SendStreamResponse{MaxInFlight: limit}); err != nil {
		return err
	}
	for answered := 0; answered < n.count; answered++ {
		for len(open) < limit && taken < n.count {
			request, err := stream.Recv()
			if err != nil {
				return err
			}
			open = append(open, request.GetItems()...)
			taken += len(request.GetItems())
			most = max(most, len(open))
		}
		result := &connectorpb.SendResult{Seq: open[0].GetSeq(), Outcome: &connectorpb.SendResult_Receipt{
			Receipt: &connectorpb.SendReceipt{MessageId: open[0].GetMessage().GetId()},
		}}
		if err := stream.Send(&connectorpb.SendStreamResponse{Results: []*connectorpb.SendResult{result}}); err != nil {
			return err
		}
		open = open[1:]
	}
	n.most <- most
	return nil
}

func TestAHostHeedsTheAnnouncedLimit(t *testing.T) {
	server := thriftyNode{count: 50, most: make(chan int, 1)}
	raw, err := inProcessClient(t, &foreignPlugin{server: server}).Dispense(connector.PluginName)
	if err != nil {
		t.Fatal(err)
	}
	stream := openSendStream(t, within(t, 10*time.Second), raw.(connector.ConnectionNode))
	results := sendMany(stream, server.count)
	for range server.count {
		if err := next(t, results); err != nil {
			t.Fatal(err)
		}
	}
	if most := next(t, server.most); most != 3 {
		t.Fatalf("%d at a time", most)
	}
}

package connector_test

import (
	"os/exec"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/ValueRetail/vrsky/pkg/connector"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
	"github.com/ValueRetail/vrsky/pkg/connector/interop/raw"
)

type rawHost struct {
	connectorpb.ConnectionNodeClient
	conn *grpc.ClientConn
}

// rawMemory connects to a memory connector that sends in batches.
func rawMemory(t *testing.T, settings map[string]interface{}) rawHost {
	t.Helper()
	client := start(t, exec.Command(memoryConnector, "-batches"), true, raw.Plugin{})
	protocol, err := client.Client()
	if err != nil {
		t.Fatal(err)
	}
	dispensed, err := protocol.Dispense(connector.PluginName)
	if err != nil {
		t.Fatal(err)
	}
	conn := dispensed.(*grpc.ClientConn)
	host := rawHost{connectorpb.NewConnectionNodeClient(conn), conn}
	config := connector.WireConfig(t, memoryConfig(settings))
	if _, err := host.Connect(t.Context(), &connectorpb.ConnectRequest{Config: config}); err != nil {
		t.Fatal(err)
	}
	return host
}

func item(seq uint64, id string, bytes int) *connectorpb.SendItem {
	return &connectorpb.SendItem{Seq: seq, Message: &connectorpb.Message{Id: id, Payload: make([]byte, bytes)}}
}

// sendFrame sends one frame, and gives the error of each message by its seq.
func (h rawHost) sendFrame(t *testing.T, items ...*connectorpb.SendItem) (map[uint64]*connectorpb.PluginError, error) {
	t.Helper()
	stream, err := h.SendStream(within(t, 10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	first, err := stream.Recv()
	if err != nil || first.GetMaxInFlight() != maxInFlight {
		t.Fatalf("announced %v, %v", first, err)
	}
	if err := stream.Send(&connectorpb.SendStreamRequest{Items: items}); err != nil {
		t.Fatal(err)
	}
	results := map[uint64]*connectorpb.PluginError{}
	for len(results) < len(items) {
		response, err := stream.Recv()
		if err != nil {
			return nil, connector.FromStatus(stream.Context(), "SendStream", err)
		}
		for _, result := range response.GetResults() {
			results[result.GetSeq()] = result.GetError()
		}
	}
	return results, nil
}

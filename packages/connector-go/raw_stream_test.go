package connector_test

import (
	"math"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ValueRetail/vrsky/pkg/connector"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

func TestAFailureInABatchConcernsItsOwnMessage(t *testing.T) {
	host := rawMemory(t, map[string]interface{}{"reject": []string{"rejected"}})
	results, err := host.sendFrame(t, item(3, "a", 1), item(7, "rejected", 1), item(8, "", 1), item(9, "b", 1))
	if err != nil {
		t.Fatal(err)
	}
	for seq, want := range map[uint64]string{
		3: "", 7: connector.CodeSendFailed, 8: connector.CodeInvalidMessage, 9: "",
	} {
		if got := results[seq].GetCode(); got != want {
			t.Errorf("seq %d: got %q, want %q", seq, got, want)
		}
	}
	health, err := host.Health(t.Context(), &connectorpb.HealthRequest{})
	if err != nil || health.GetDetails()["batches"] != "1" || health.GetDetails()["sent"] != "2" {
		t.Fatalf("%v, %v", health, err)
	}
}

func TestABatchFailsAsAWhole(t *testing.T) {
	for what, test := range map[string]struct {
		settings map[string]interface{}
		want     string
	}{
		"a result is missing": {map[string]interface{}{"loseResult": true}, connector.CodeInternal},
		"a panic":             {map[string]interface{}{"panic": "SendBatch"}, connector.CodeInternal},
		"an error": {map[string]interface{}{"fail": map[string]interface{}{
			"SendBatch": map[string]interface{}{"code": "AUTH_FAILED", "message": "no"},
		}}, connector.CodeAuthFailed},
	} {
		host := rawMemory(t, test.settings)
		results, err := host.sendFrame(t, item(1, "a", 1), item(2, "b", 1))
		if err != nil || results[1].GetCode() != test.want || results[2].GetCode() != test.want {
			t.Errorf("%s: %v, %v", what, results, err)
		}
		if _, err := host.Health(t.Context(), &connectorpb.HealthRequest{}); err != nil {
			t.Errorf("%s: afterwards %v", what, err)
		}
	}
}

func TestALimitEndsItsOwnMessageOnly(t *testing.T) {
	host := rawMemory(t, map[string]interface{}{"hang": "SendBatch"})
	short, long := item(1, "short", 1), item(2, "long", 1)
	short.Timeout, long.Timeout = durationpb.New(20*time.Millisecond), durationpb.New(200*time.Millisecond)
	began := time.Now()
	results, err := host.sendFrame(t, short, long)
	if err != nil || results[1].GetCode() != connector.CodeTimeout || results[2].GetCode() != connector.CodeTimeout {
		t.Fatalf("%v, %v", results, err)
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Fatalf("all were answered within %s", took)
	}
}

func TestASendStreamEndsAtBadInput(t *testing.T) {
	host := rawMemory(t, nil)
	many := make([]*connectorpb.SendItem, 257)
	for i := range many {
		many[i] = item(uint64(i), "m", 1)
	}
	for what, test := range map[string]struct {
		items []*connectorpb.SendItem
		want  string
	}{
		"a repeated seq":     {[]*connectorpb.SendItem{item(5, "a", 1), item(5, "b", 1)}, connector.CodeInvalidState},
		"a falling seq":      {[]*connectorpb.SendItem{item(5, "a", 1), item(4, "b", 1)}, connector.CodeInvalidState},
		"too many messages":  {many, connector.CodePayloadTooLarge},
		"too many bytes":     {[]*connectorpb.SendItem{item(0, "a", 600<<10), item(1, "b", 600<<10)}, connector.CodePayloadTooLarge},
		"a frame above 16 M": {[]*connectorpb.SendItem{item(0, "a", 17<<20)}, connector.CodePayloadTooLarge},
	} {
		if _, err := host.sendFrame(t, test.items...); code(err) != test.want {
			t.Errorf("%s: got %v", what, err)
		}
	}
	results, err := host.sendFrame(t, item(0, "a", 2<<20)) // one larger message
	if err != nil || results[0] != nil {
		t.Fatalf("another stream: %v, %v", results, err)
	}
}

// garbage is no protobuf message.
type garbage struct{}

func (garbage) Marshal(any) ([]byte, error) { return []byte{0xff, 0xff, 0xff}, nil }
func (garbage) Unmarshal([]byte, any) error { return nil }
func (garbage) Name() string                { return "proto" }

func TestAStreamEndsAtWhatIsNoProtobuf(t *testing.T) {
	host := rawMemory(t, nil)
	description := grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	for _, method := range []string{"SendStream", "ReceiveStream"} {
		name := "/vrsky.connector.v1.ConnectionNode/" + method
		stream, err := host.conn.NewStream(within(t, 10*time.Second), &description, name, grpc.ForceCodec(garbage{}))
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.SendMsg(garbage{}); err != nil {
			t.Fatal(err)
		}
		for err == nil { // the announcement comes first
			err = stream.RecvMsg(garbage{})
		}
		if err := connector.FromStatus(t.Context(), method, err); code(err) != connector.CodeInternal {
			t.Errorf("%s: got %v", method, err)
		}
	}
	if _, err := host.Health(t.Context(), &connectorpb.HealthRequest{}); err != nil {
		t.Fatal(err)
	}
}

func TestAReceiveStreamEndsAtTooMuchCredit(t *testing.T) {
	host := rawMemory(t, scripted(2, 1))
	for what, second := range map[string]*connectorpb.Credit{
		"messages": {Messages: math.MaxUint32}, "bytes": {Bytes: 1 << 53}, "all bytes": {Bytes: math.MaxUint64},
	} {
		stream, err := host.ReceiveStream(within(t, 10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		first := &connectorpb.Credit{Messages: 2, Bytes: 100}
		if err := stream.Send(&connectorpb.ReceiveStreamRequest{Credit: first}); err != nil {
			t.Fatal(err)
		}
		for received := 0; received < 2; { // and used up
			frame, err := stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			received += len(frame.GetDeliveries())
		}
		_ = stream.Send(&connectorpb.ReceiveStreamRequest{Credit: &connectorpb.Credit{Messages: 1}})
		_ = stream.Send(&connectorpb.ReceiveStreamRequest{Credit: second})
		if _, err := stream.Recv(); code(connector.FromStatus(t.Context(), "ReceiveStream", err)) != connector.CodeInvalidState {
			t.Errorf("%s: got %v", what, err)
		}
	}
	health, err := host.Health(t.Context(), &connectorpb.HealthRequest{})
	if err != nil || health.GetDetails()["waiting"] != "2" {
		t.Fatalf("what was handed out is not back: %v, %v", health, err)
	}
}

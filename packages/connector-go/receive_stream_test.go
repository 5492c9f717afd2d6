package connector_test

import (
	"os/exec"
	"testing"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func TestAStreamBringsAsManyMessagesAsWereGranted(t *testing.T) {
	eachTLS(t, func(t *testing.T, autoMTLS bool) {
		client := start(t, exec.Command(memoryConnector), autoMTLS, &connector.ConnectionNodePlugin{})
		dispensed := dispense(t, client)
		if err := dispensed.Connect(t.Context(), memoryConfig(nil)); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if _, err := dispensed.Send(t.Context(), fullMessage()); err != nil {
				t.Fatal(err)
			}
		}
		stream := openReceiveStream(t, within(t, 10*time.Second), dispensed)
		stream.Grant(1, plenty)
		stream.Grant(1, 0)
		deliveries := read(t, stream, 2)
		equal(t, deliveries[1].Message, fullMessage())
		ack(t, stream, deliveries...)
		stream.HalfClose()
		ends(t, stream)
		acked, waiting := detail(t, dispensed, "acked"), detail(t, dispensed, "waiting")
		if acked != 2 || waiting != 3 {
			t.Fatalf("%d acked, %d waiting", acked, waiting)
		}
		if err := stream.Settle(connector.Settlement{DeliveryID: "x"}); code(err) != connector.CodeInvalidState {
			t.Fatalf("Settle after HalfClose: %v", err)
		}
	})
}

func TestAMessageAboveTheByteCreditWaitsUntilNothingIsOutstanding(t *testing.T) {
	dispensed := connectMemory(t, scripted(4, 100))
	stream := openReceiveStream(t, within(t, 10*time.Second), dispensed)
	stream.Grant(10, 150)
	first := read(t, stream, 1)
	equal(t, ids(first), []string{"m-0"})
	eventually(t, "the connector has come to the next one", func() bool { return detail(t, dispensed, "waiting") == 2 })
	ack(t, stream, first...)
	second := read(t, stream, 1)
	equal(t, ids(second), []string{"m-1"})
	stream.Grant(0, 151) // 50 were used beyond the credit
	third := read(t, stream, 1)
	equal(t, ids(third), []string{"m-2"})
	eventually(t, "the connector has come to the last one", func() bool { return detail(t, dispensed, "waiting") == 0 })
	stream.HalfClose()
	eventually(t, "the last one was given back", func() bool { return detail(t, dispensed, "waiting") == 1 })
	unknown, err := dispensed.(connector.AckReceiver).Acknowledge(t.Context(),
		connector.Settlement{DeliveryID: second[0].ID}, connector.Settlement{DeliveryID: third[0].ID})
	if err != nil || len(unknown) > 0 {
		t.Fatalf("%v, %v", unknown, err)
	}
	ends(t, stream)
}

func TestAnEmptyMessageNeedsNoByteCredit(t *testing.T) {
	dispensed := connectMemory(t, scripted(2, 0))
	stream := openReceiveStream(t, within(t, 10*time.Second), dispensed)
	stream.Grant(2, 0)
	equal(t, ids(read(t, stream, 2)), []string{"m-0", "m-1"})
}

func TestAFrameIsLimited(t *testing.T) {
	for size, most := range map[int]int{1: 256, 300 << 10: 3, 3 << 20: 1} {
		count := 2*most + 1
		dispensed := connectMemory(t, scripted(count, size))
		stream := openReceiveStream(t, within(t, 20*time.Second), dispensed)
		stream.Grant(uint32(count), plenty)
		eventually(t, "all are handed out", func() bool { return detail(t, dispensed, "outstanding") == count })
		for received := 0; received < count; {
			frame, err := stream.Next()
			if err != nil || len(frame.Deliveries) > most {
				t.Fatalf("%d messages of %d bytes, %v", len(frame.Deliveries), size, err)
			}
			received += len(frame.Deliveries)
		}
	}
}

// All that is granted may be out, but no more than one stream may hold.
func TestAHostThatSettlesNothingGetsNoMore(t *testing.T) {
	const most = 1024
	dispensed := connectMemory(t, scripted(most+50, 1))
	stream := openReceiveStream(t, within(t, 20*time.Second), dispensed)
	stream.Grant(1<<20, plenty)
	deliveries := read(t, stream, most)
	if len(deliveries) != most {
		t.Fatalf("%d deliveries", len(deliveries))
	}
	ack(t, stream, deliveries[:3]...)
	equal(t, ids(read(t, stream, 3)), []string{"m-1024", "m-1025", "m-1026"})
	if waiting := detail(t, dispensed, "waiting"); waiting != 47 {
		t.Fatalf("%d waiting", waiting)
	}
}

func TestWhatHitsNothingIsReported(t *testing.T) {
	settings := scripted(1, 1)
	settings["ackTimeoutMs"] = 100
	dispensed := connectMemory(t, settings)
	stream := openReceiveStream(t, within(t, 10*time.Second), dispensed)
	stream.Grant(10, plenty)
	late := read(t, stream, 1) // and let its lease end
	again := read(t, stream, 1)
	equal(t, ids(again), ids(late))
	nack := &connector.Nack{Delay: time.Hour} // final, so the delay means nothing
	if err := stream.Settle(
		connector.Settlement{DeliveryID: late[0].ID}, connector.Settlement{DeliveryID: "never given"},
	); err != nil {
		t.Fatal(err)
	}
	frame, err := stream.Next()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, frame, connector.DeliveryFrame{UnknownDeliveryIDs: []string{late[0].ID, "never given"}})
	if err := stream.Settle(connector.Settlement{DeliveryID: again[0].ID, Nack: nack}); err != nil {
		t.Fatal(err)
	}
	stream.HalfClose()
	ends(t, stream)
	if rejected := detail(t, dispensed, "rejected"); rejected != 1 {
		t.Fatalf("%d rejected", rejected)
	}
}

func TestTwoStreamsShareTheMessages(t *testing.T) {
	const count = 200
	dispensed := connectMemory(t, scripted(count, 1))
	seen := make(chan string, count)
	var streams []*connector.ReceiveStream
	for range 2 {
		stream := openReceiveStream(t, within(t, 10*time.Second), dispensed)
		stream.Grant(count, plenty)
		streams = append(streams, stream)
		go func() {
			for {
				frame, err := stream.Next()
				if err != nil {
					return
				}
				for _, delivery := range frame.Deliveries {
					_ = stream.Settle(connector.Settlement{DeliveryID: delivery.ID})
					seen <- delivery.Message.ID
				}
			}
		}()
	}
	once := map[string]bool{}
	for range count {
		once[next(t, seen)] = true
	}
	if len(once) != count {
		t.Fatalf("%d messages, of %d", len(once), count)
	}
	for _, stream := range streams {
		stream.HalfClose()
	}
	eventually(t, "all are acked", func() bool { return detail(t, dispensed, "acked") == count })
}

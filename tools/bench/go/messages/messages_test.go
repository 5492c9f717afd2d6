package messages_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/ValueRetail/vrsky-bench/messages"
)

func TestAnIDHas26CharactersAndIsTheMessagesNumber(t *testing.T) {
	for _, number := range []uint64{0, 31, 32, 1 << 40} {
		id := messages.ID(number)
		back, err := messages.Number(id)
		if len(id) != 26 || back != number || err != nil {
			t.Errorf("%d: %q, %d, %v", number, id, back, err)
		}
	}
	for _, foreign := range []string{"", "7", "not-an-id-of-the-benchmark"} {
		if _, err := messages.Number(foreign); err == nil {
			t.Errorf("%q has a number", foreign)
		}
	}
}

func TestAMessageHasAbout390BytesBesideItsPayload(t *testing.T) {
	const payload = 1024
	more := proto.Size(messages.New(1, messages.Payload(payload))) - payload
	if more < 380 || more > 400 {
		t.Errorf("%d bytes", more)
	}
}

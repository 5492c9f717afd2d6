package connector_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func TestAnImplIsAskedForNothingShortlyBeforeTheDeadline(t *testing.T) {
	left := make(chan time.Duration, 1)
	dispensed := serve(t, &node{receive: func(ctx context.Context) (connector.Message, error) {
		deadline, limited := ctx.Deadline()
		if !limited {
			left <- -1
		} else {
			left <- time.Until(deadline)
		}
		return fullMessage(), nil
	}})
	for limit, margin := range map[time.Duration]time.Duration{
		10 * time.Second:       50 * time.Millisecond,
		160 * time.Millisecond: 40 * time.Millisecond,
	} {
		_, _ = dispensed.Receive(within(t, limit))
		if got := next(t, left); got > limit-margin+time.Millisecond {
			t.Errorf("the Impl has %s of a call of %s", got, limit)
		}
	}
	receives(t, dispensed, t.Context(), fullMessage().ID)
	if got := next(t, left); got != -1 {
		t.Errorf("the Impl has %s of a call without a deadline", got)
	}
}

func TestAHostThatPollsWith5MillisecondsGetsEveryMessage(t *testing.T) {
	const count = 100
	settings := scripted(count, 1)
	settings["ackTimeoutMs"] = 200
	dispensed := connectMemory(t, settings)
	seen := map[string]bool{}
	eventually(t, fmt.Sprintf("%d messages", count), func() bool {
		message, err := dispensed.Receive(within(t, 5*time.Millisecond))
		if err == nil {
			seen[message.ID] = true
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		return len(seen) == count
	})
}

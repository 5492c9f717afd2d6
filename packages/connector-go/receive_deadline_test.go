package connector_test

import (
	"context"
	"errors"
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
	called := within(t, 10*time.Second)
	deadline, _ := called.Deadline()
	limit := time.Until(deadline)
	receives(t, dispensed, called, fullMessage().ID)
	if got := next(t, left); got > limit-50*time.Millisecond {
		t.Errorf("the Impl has %s of a call of %s", got, limit)
	}
	receives(t, dispensed, t.Context(), fullMessage().ID)
	if got := next(t, left); got != -1 {
		t.Errorf("the Impl has %s of a call without a deadline", got)
	}
}

func TestAShortCallKeepsAQuarterOfItsTime(t *testing.T) {
	called, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	deadline, _ := called.Deadline()
	least := time.Until(deadline) // when it is asked, less is left
	handing, cancel := connector.BeforeDeadline(called)
	defer cancel()
	last, _ := handing.Deadline()
	if margin := deadline.Sub(last); margin <= 0 || margin > least/4 {
		t.Errorf("%s of %s", margin, least)
	}
}

func TestAHostThatPollsWith5MillisecondsGetsEveryMessage(t *testing.T) {
	const count = 50
	settings := scripted(count, 1)
	settings["ackTimeoutMs"] = 200 // of what a slow machine brings too late
	dispensed := connectMemory(t, settings)
	seen := map[string]bool{}
	for patience := within(t, 30*time.Second); len(seen) < count; {
		if patience.Err() != nil {
			t.Fatalf("%d of %d messages", len(seen), count)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		message, err := dispensed.Receive(ctx)
		cancel()
		if err == nil {
			seen[message.ID] = true
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
}

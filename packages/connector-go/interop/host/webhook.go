package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// door is where webhooks come in.
type door struct {
	url string
}

type answer struct {
	status int
	header string
	body   string
	err    error
}

// post sends one webhook in the background.
func (d door) post(ctx context.Context) <-chan answer {
	answers := make(chan answer, 1)
	go func() { answers <- d.postNow(ctx) }()
	return answers
}

func (d door) postNow(ctx context.Context) answer {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(payload))
	if err != nil {
		return answer{err: err}
	}
	request.Header.Set("Content-Type", "application/octet-stream")
	request.Header.Set("X-Order", "42")
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header.Get("X-Reply"), body: string(body), err: err}
}

func (a answer) check() error {
	return errors.Join(a.err, expect(a.status/100 == 2, "answered %d %s", a.status, a.body))
}

func checkPlainReceive(ctx context.Context, checks *checks, node connector.ConnectionNode, door door) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answers := door.post(ctx)
	message, err := node.Receive(ctx)
	if err == nil {
		err = checkMessage(message)
	}
	checks.add("receive", err, "%s", message.ID)
	got := <-answers
	checks.add("receive-answered", got.check(), "%d", got.status)
}

func checkExplicitAck(ctx context.Context, checks *checks, node connector.ConnectionNode, door door) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	acks := node.(connector.AckReceiver)
	answers := door.post(ctx)
	delivery, err := acks.ReceiveDelivery(ctx)
	if err == nil {
		err = errors.Join(
			checkMessage(delivery.Message),
			expect(delivery.ID != "", "no delivery id"),
			expect(delivery.AckTimeout > 0, "no ack timeout"),
		)
	}
	checks.add("receive-explicit", err, "lease %s", delivery.AckTimeout)
	select {
	case early := <-answers:
		checks.add("ack-first", fmt.Errorf("answered %d before the ack", early.status), "")
		return
	case <-time.After(300 * time.Millisecond):
		checks.add("ack-first", nil, "the caller waits for the ack")
	}
	settlement := connector.Settlement{DeliveryID: delivery.ID, Reply: &connector.Reply{
		Status: 201, Headers: map[string]string{"x-reply": "yes"}, Payload: []byte("stored"),
	}}
	unknown, err := acks.Acknowledge(ctx, settlement)
	checks.add("ack", errors.Join(err, expect(len(unknown) == 0, "unknown: %v", unknown)), "")
	got := <-answers
	checks.add("ack-answered", errors.Join(got.check(), expect(
		got.status == 201 && got.header == "yes" && got.body == "stored", "not the reply: %+v", got,
	)), "%d", got.status)
	unknown, err = acks.Acknowledge(ctx, settlement)
	checks.add("ack-late", errors.Join(err, expect(len(unknown) == 1 && unknown[0] == delivery.ID, "unknown: %v", unknown)), "")
}

func checkNack(ctx context.Context, checks *checks, node connector.ConnectionNode, door door) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	acks := node.(connector.AckReceiver)
	answers := door.post(ctx)
	first, err := acks.ReceiveDelivery(ctx)
	if err == nil {
		retry := connector.Settlement{DeliveryID: first.ID, Nack: &connector.Nack{
			Recoverable: true, Delay: 50 * time.Millisecond,
		}}
		_, err = acks.Acknowledge(ctx, retry)
	}
	checks.add("nack", err, "")
	again, err := acks.ReceiveDelivery(ctx)
	checks.add("nack-offered-again", errors.Join(err,
		expect(again.ID != first.ID, "under the same delivery id"),
		expect(again.Message.ID == first.Message.ID, "as message %q, was %q", again.Message.ID, first.Message.ID),
		checkMessage(again.Message),
	), "")
	_, err = acks.Acknowledge(ctx, connector.Settlement{DeliveryID: again.ID, Nack: &connector.Nack{}})
	checks.add("nack-final", err, "")
	got := <-answers
	checks.add("nack-final-answered", got.check(), "%d", got.status)
}

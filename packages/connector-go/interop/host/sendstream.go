package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func checkSendStream(ctx context.Context, checks *checks, p *process, endpoint *endpoint, message connector.Message) {
	ctx, cancel := context.WithTimeout(ctx, 4*patience)
	defer cancel()
	endpoint.answer(http.StatusOK)
	stream, err := p.node.(connector.StreamSender).OpenSendStream(ctx)
	checks.add("send-stream-open", err, "")
	if err != nil {
		return
	}
	checks.add("send-stream", sendMany(ctx, stream, endpoint, message, 2000), "")
	checkStreamFailures(ctx, checks, stream, endpoint, message)
	endpoint.answer(http.StatusOK)
	receipt, err := stream.Send(ctx, message)
	checks.add("send-stream-goes-on", errors.Join(err, expect(receipt.MessageID != "", "no id")), "%s", receipt.MessageID)
	checks.add("send-stream-close", stream.Close(ctx), "")
	checkBrokenSendStream(ctx, checks, p, endpoint, message)
	checkTooLargeOnStream(ctx, checks, p, endpoint, message)
	checkBadSends(ctx, checks, p)
}

// sendMany sends more at a time than a connector takes.
func sendMany(
	ctx context.Context, stream *connector.SendStream, endpoint *endpoint, message connector.Message, count int,
) error {
	before := endpoint.requests()
	results := make(chan error, count)
	for i := range count {
		one := message
		one.ID = fmt.Sprintf("stream-%d", i)
		go func() {
			_, err := stream.Send(ctx, one)
			results <- err
		}()
	}
	for range count {
		if err := <-results; err != nil {
			return err
		}
	}
	got := endpoint.requests() - before
	return expect(got == count, "the endpoint got %d messages, sent %d", got, count)
}

// checkStreamFailures checks that each failure is that of a Send.
func checkStreamFailures(
	ctx context.Context, checks *checks, stream *connector.SendStream, endpoint *endpoint, message connector.Message,
) {
	endpoint.answer(http.StatusServiceUnavailable)
	_, err := stream.Send(ctx, message)
	var failure *connector.PluginError
	errors.As(err, &failure)
	checks.add("send-stream-503", expect(failure != nil && failure.Recoverable && failure.RetryAfter == 7*time.Second,
		"want a recoverable error with a retry-after of 7 s, got %+v", err), "%v", err)
	endpoint.answer(http.StatusBadRequest)
	_, err = stream.Send(ctx, message)
	checks.add("send-stream-400", pluginError(err, connector.CodeSendFailed, false), "%v", err)
	foreign := message
	foreign.Metadata.CustomerID = "somebody-else"
	_, err = stream.Send(ctx, foreign)
	checks.add("send-stream-foreign", pluginError(err, connector.CodeTenantMismatch, false), "%v", err)
	nameless := message
	nameless.ID = ""
	_, err = stream.Send(ctx, nameless)
	checks.add("send-stream-no-id", pluginError(err, connector.CodeInvalidMessage, false), "%v", err)
	endpoint.answer(0)
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err = stream.Send(short, message)
	late := errors.Is(err, context.DeadlineExceeded) || pluginError(err, connector.CodeTimeout, true) == nil
	checks.add("send-stream-deadline", errors.Join(
		expect(late, "%v", err),
		expect(time.Since(started) < 2*time.Second, "took %s", time.Since(started)),
	), "%v", err)
}

func checkBrokenSendStream(
	ctx context.Context, checks *checks, p *process, endpoint *endpoint, message connector.Message,
) {
	endpoint.answer(0)
	life, breakStream := context.WithCancel(ctx)
	defer breakStream()
	stream, err := p.node.(connector.StreamSender).OpenSendStream(life)
	if err != nil {
		checks.add("send-stream-break", err, "")
		return
	}
	arrived := endpoint.next()
	result := make(chan error, 1)
	go func() {
		_, err := stream.Send(ctx, message)
		result <- err
	}()
	err = arrived(ctx)
	breakStream()
	if err != nil {
		checks.add("send-stream-break", err, "")
		return
	}
	err = <-result
	checks.add("send-stream-break", errors.Join(
		expect(errors.Is(err, context.Canceled), "%v", err), p.node.Health(ctx)), "%v", err)
}

// checkTooLargeOnStream checks that what is under way besides is not given up for it.
func checkTooLargeOnStream(
	ctx context.Context, checks *checks, p *process, endpoint *endpoint, message connector.Message,
) {
	endpoint.answer(0)
	stream, err := p.node.(connector.StreamSender).OpenSendStream(ctx)
	if err != nil {
		checks.add("send-stream-too-large", err, "")
		return
	}
	arrived := endpoint.next()
	neighbour := make(chan error, 1)
	go func() {
		_, err := stream.Send(ctx, message)
		neighbour <- err
	}()
	if err := arrived(ctx); err != nil {
		checks.add("send-stream-too-large", err, "")
		return
	}
	message.Payload = make([]byte, connector.MaxMessageBytes+1)
	_, err = stream.Send(ctx, message)
	checks.add("send-stream-too-large", pluginError(err, connector.CodePayloadTooLarge, false), "%v", err)
	err = <-neighbour
	var failure *connector.PluginError
	checks.add("send-stream-too-large-neighbour", expect(errors.As(err, &failure) && failure.Recoverable, "%v", err), "%v", err)
	checks.add("health-after-stream-too-large", p.node.Health(ctx), "")
}

// firstSendError gives why a connector does not send by streams: as a whole, or this message.
func firstSendError(ctx context.Context, node connector.ConnectionNode, message connector.Message) error {
	stream, err := node.(connector.StreamSender).OpenSendStream(ctx)
	if err != nil {
		return err
	}
	_, err = stream.Send(ctx, message)
	return errors.Join(err, stream.Close(ctx))
}

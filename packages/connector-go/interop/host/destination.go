package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// destinationScenario sends to an endpoint of its own.
func destinationScenario(checks *checks, p *process) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	endpoint := &endpoint{status: http.StatusOK}
	server := httptest.NewServer(endpoint)
	defer server.Close()
	config := connector.ConnectionConfig{
		ID: "rest-1", Name: "Billing", Type: "http-rest", Timeout: patience,
		Settings: map[string]interface{}{"url": server.URL + "/orders", "ssrf": map[string]bool{"allowPrivate": true}},
	}
	p.host.config = config
	checks.add("rest-validate", p.node.Validate(ctx, config), "")
	checks.add("rest-connect", p.node.Connect(ctx, config), "")
	checks.add("rest-health", p.node.Health(ctx), "")

	message := connector.Message{
		ID: "m-1", Payload: payload, ContentType: "application/octet-stream",
		Metadata: connector.MessageMetadata{
			CustomerID: identity.CustomerID, TenantID: identity.TenantID, IntegrationID: identity.IntegrationID,
		},
		Timestamp: time.Now(),
	}
	id, err := p.node.Send(ctx, message)
	checks.add("send", errors.Join(err, expect(id != "", "no id"), endpoint.check(payload)), "%s", id)

	large := message
	large.ID, large.Payload = "m-2", bytes.Repeat([]byte{0xff, 0}, 5<<19)
	_, err = p.node.Send(ctx, large)
	checks.add("send-5-MiB", errors.Join(err, endpoint.check(large.Payload)), "")
	checkTooLarge(ctx, checks, p.node, message)

	endpoint.answer(http.StatusServiceUnavailable)
	_, err = p.node.Send(ctx, message)
	var failure *connector.PluginError
	errors.As(err, &failure)
	checks.add("send-503", expect(failure != nil && failure.Recoverable, "not recoverable: %v", err), "%v", err)
	checks.add("send-503-retry-after", expect(failure != nil && failure.RetryAfter == 7*time.Second, "%+v", failure), "")
	endpoint.answer(http.StatusBadRequest)
	_, err = p.node.Send(ctx, message)
	checks.add("send-400", pluginError(err, connector.CodeSendFailed, false), "%v", err)

	foreign := message
	foreign.Metadata.CustomerID = "somebody-else"
	_, err = p.node.Send(ctx, foreign)
	checks.add("send-foreign", pluginError(err, connector.CodeTenantMismatch, false), "%v", err)
	checkSendStream(ctx, checks, p, endpoint, message)
	_, err = p.node.Receive(ctx)
	checks.add("receive-on-destination", pluginError(err, connector.CodeUnsupported, false), "%v", err)
	checks.add("receive-stream-on-destination", pluginError(firstFrameError(ctx, p.node), connector.CodeUnsupported, false), "")
	checks.add("rest-disconnect", p.node.Disconnect(ctx), "")
	_, err = p.node.Send(ctx, message)
	checks.add("send-after-disconnect", pluginError(err, connector.CodeNotConnected, true), "")
	err = firstSendError(ctx, p.node, message)
	checks.add("send-stream-after-disconnect", pluginError(err, connector.CodeNotConnected, true), "")
}

func checkTooLarge(ctx context.Context, checks *checks, node connector.ConnectionNode, message connector.Message) {
	message.Payload = make([]byte, connector.MaxMessageBytes+1)
	_, err := node.Send(ctx, message)
	checks.add("send-too-large", pluginError(err, connector.CodePayloadTooLarge, false), "%v", err)
	checks.add("health-after-too-large", node.Health(ctx), "")
}

// endpoint is the outside system. It keeps the last request.
type endpoint struct {
	mu          sync.Mutex
	status      int // 0 = no answer, until the caller goes
	count       int
	body        []byte
	contentType string
}

func (e *endpoint) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	e.mu.Lock()
	e.body, e.contentType = body, request.Header.Get("Content-Type")
	e.count++
	status := e.status
	e.mu.Unlock()
	switch status {
	case 0:
		<-request.Context().Done()
		return
	case http.StatusServiceUnavailable:
		response.Header().Set("Retry-After", "7")
	}
	response.WriteHeader(status)
}

func (e *endpoint) requests() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.count
}

// next gives a function that waits for the next request.
func (e *endpoint) next() (arrived func(context.Context) error) {
	before := e.requests()
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		for ; e.requests() == before; time.Sleep(time.Millisecond) {
			if ctx.Err() != nil {
				return errors.New("nothing arrives at the endpoint")
			}
		}
		return nil
	}
}

func (e *endpoint) answer(status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status = status
}

func (e *endpoint) check(want []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return errors.Join(
		expect(bytes.Equal(e.body, want), "the endpoint got %d bytes, sent %d", len(e.body), len(want)),
		expect(e.contentType == "application/octet-stream", "the endpoint got content type %q", e.contentType),
	)
}

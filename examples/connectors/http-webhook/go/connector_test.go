package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func TestAWebhookIsAnswered202AfterTheAck(t *testing.T) {
	c := &MyHTTPConnector{}
	connect(t, c, connector.ConnectionConfig{ID: "orders", Type: webhookType})
	answers := make(chan int, 1)
	go func() {
		response, err := http.Post("http://127.0.0.1:8080/webhooks/orders", "text/plain", strings.NewReader("order 1"))
		if err == nil {
			answers <- response.StatusCode
			_ = response.Body.Close()
		}
		close(answers)
	}()
	delivery, err := c.ReceiveDelivery(within(t))
	if err != nil || string(delivery.Message.Payload) != "order 1" {
		t.Fatalf("got %q, %v", delivery.Message.Payload, err)
	}
	select {
	case status := <-answers:
		t.Fatalf("answered %d before the ack", status)
	case <-time.After(50 * time.Millisecond):
	}
	unknown, err := c.Acknowledge(within(t), connector.Settlement{DeliveryID: delivery.ID})
	if status := <-answers; err != nil || len(unknown) > 0 || status != http.StatusAccepted {
		t.Fatalf("answered %d; %v, %v", status, unknown, err)
	}
}

func TestValidateFailsWhereConnectWould(t *testing.T) {
	holder, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }()
	held := connector.ConnectionConfig{Type: webhookType, Settings: map[string]interface{}{
		"host": "127.0.0.1", "port": holder.Addr().(*net.TCPAddr).Port,
	}}
	endpoint := httptest.NewServer(http.NotFoundHandler())
	rest := connector.ConnectionConfig{Type: restType, Settings: map[string]interface{}{
		"url": endpoint.URL, "ssrf": map[string]bool{"allowPrivate": true},
	}}
	c := &MyHTTPConnector{}
	if err := c.Validate(within(t), rest); err != nil {
		t.Errorf("an endpoint that listens: %v", err)
	}
	endpoint.Close()
	for what, config := range map[string]connector.ConnectionConfig{
		"a port of another process": held, "an endpoint that does not listen": rest,
	} {
		for _, err := range []error{c.Validate(within(t), config), c.Connect(within(t), config)} {
			failure := new(connector.PluginError)
			if !errors.As(err, &failure) || failure.Code != connector.CodeConnectionFailed || !failure.Recoverable {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
}

func TestValidateBearsThePortThatItHoldsItself(t *testing.T) {
	c := &MyHTTPConnector{}
	config := connector.ConnectionConfig{ID: "orders", Type: webhookType}
	connect(t, c, config)
	if err := c.Validate(within(t), config); err != nil {
		t.Fatal(err)
	}
}

func TestHealthFailsWithItsEndpointAndRecovers(t *testing.T) {
	endpoint := httptest.NewServer(http.NotFoundHandler())
	address := endpoint.Listener.Addr().String()
	c := &MyHTTPConnector{}
	connect(t, c, connector.ConnectionConfig{Type: restType, Settings: map[string]interface{}{
		"url": endpoint.URL, "ssrf": map[string]bool{"allowPrivate": true},
	}})
	endpoint.Close()
	if err := c.Health(within(t)); err == nil {
		t.Error("healthy without its endpoint")
	}
	again, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if err := c.Health(within(t)); err != nil {
		t.Errorf("with its endpoint: %v", err)
	}
}

func connect(t *testing.T, c *MyHTTPConnector, config connector.ConnectionConfig) {
	t.Helper()
	if err := c.Connect(within(t), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Disconnect(context.Background()) })
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

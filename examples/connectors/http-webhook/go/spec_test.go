package main

import (
	"context"
	"testing"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func TestMyConnectorValidate(t *testing.T) {
	c := &MyHTTPConnector{}
	config := connector.ConnectionConfig{
		ID:   "test-http",
		Type: "http-webhook",
		Settings: map[string]interface{}{
			"port": 8080,
		},
	}

	err := c.Validate(context.Background(), config)
	if err != nil {
		t.Fatalf("Validate failed: %v", err)
	}
}

func TestMyConnectorConnect(t *testing.T) {
	c := &MyHTTPConnector{}
	config := connector.ConnectionConfig{
		ID:   "test-http",
		Type: "http-webhook",
	}

	err := c.Connect(context.Background(), config)
	if err != nil {
		t.Fatalf("Connect failed: %v", err)
	}
	defer c.Disconnect(context.Background())
}

// A small HTTP connector in Go: webhooks in (type http-webhook), REST calls out (type http-rest).
package main

import (
	"sync"

	"github.com/ValueRetail/vrsky/pkg/connector"
	"github.com/hashicorp/go-plugin"
)

// MyHTTPConnector: Implementation of ConnectionNode for HTTP
type MyHTTPConnector struct {
	lifecycle sync.Mutex // one Connect or Disconnect at a time
	mu        sync.Mutex // what follows
	config    connector.ConnectionConfig
	active    active
}

// Serve: Called by VRSky to start the plugin
func Serve() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: connector.Handshake,
		Plugins: map[string]plugin.Plugin{
			"connection": &connector.ConnectionNodePlugin{
				Impl: &MyHTTPConnector{},
			},
		},
		GRPCServer: connector.GRPCServer,
	})
}

func main() {
	Serve()
}

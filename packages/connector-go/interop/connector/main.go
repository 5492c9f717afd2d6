// A connector that connects to nothing, for tests of hosts: what is sent comes back by Receive, and
// its settings order failures. See settings.go.
package main

import (
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: connector.Handshake,
		Plugins: map[string]plugin.Plugin{
			connector.PluginName: &connector.ConnectionNodePlugin{Impl: newMemory()},
		},
		GRPCServer: connector.GRPCServer,
		Logger: hclog.New(&hclog.LoggerOptions{
			Name: "memory", Level: hclog.Debug, Output: os.Stderr, JSONFormat: true,
		}),
	})
}

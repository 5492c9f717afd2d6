// A connector that connects to nothing, for tests of hosts: what is sent comes back by Receive, and
// its settings order failures. See settings.go.
//
//	connector [-specification | -batches]
//
// With -specification it has the specification's interface alone, with -batches SendBatch, too.
package main

import (
	"flag"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func main() {
	specification := flag.Bool("specification", false, "hide the optional interfaces")
	batches := flag.Bool("batches", false, "send by SendBatch")
	flag.Parse()
	impl := connector.ConnectionNode(newMemory())
	switch {
	case *specification:
		impl = struct{ connector.ConnectionNode }{impl}
	case *batches:
		impl = &batching{memory: newMemory()}
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: connector.Handshake,
		Plugins: map[string]plugin.Plugin{
			connector.PluginName: &connector.ConnectionNodePlugin{Impl: impl},
		},
		GRPCServer: connector.GRPCServer,
		Logger: hclog.New(&hclog.LoggerOptions{
			Name: "memory", Level: hclog.Debug, Output: os.Stderr, JSONFormat: true,
		}),
	})
}

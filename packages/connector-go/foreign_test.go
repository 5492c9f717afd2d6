package connector_test

import (
	"context"
	"testing"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/ValueRetail/vrsky/pkg/connector"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// foreignPlugin serves a connector that is not built on this package.
type foreignPlugin struct {
	connector.ConnectionNodePlugin
	server connectorpb.ConnectionNodeServer
}

func (p *foreignPlugin) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	connectorpb.RegisterConnectionNodeServer(server, p.server)
	return nil
}

type foreignNode struct {
	connectorpb.UnimplementedConnectionNodeServer
	attach error
}

func (n foreignNode) Metadata(context.Context, *connectorpb.MetadataRequest) (*connectorpb.MetadataResponse, error) {
	return &connectorpb.MetadataResponse{}, nil
}

func (n foreignNode) AttachHost(context.Context, *connectorpb.AttachHostRequest) (*connectorpb.AttachHostResponse, error) {
	return nil, n.attach
}

// attachTo dispenses a connector that answers AttachHost with err.
func attachTo(t *testing.T, err error) error {
	t.Helper()
	client := inProcessClient(t, &foreignPlugin{
		ConnectionNodePlugin: connector.ConnectionNodePlugin{Host: newHost(fullConfig())},
		server:               foreignNode{attach: err},
	})
	_, dispenseErr := client.Dispense(connector.PluginName)
	return dispenseErr
}

func dispenseTwice(t *testing.T, p *connector.ConnectionNodePlugin) (first, second any, err error) {
	t.Helper()
	client := inProcessClient(t, p)
	if first, err = client.Dispense(connector.PluginName); err != nil {
		t.Fatal(err)
	}
	second, err = client.Dispense(connector.PluginName)
	return first, second, err
}

func inProcessClient(t *testing.T, p plugin.Plugin) *plugin.GRPCClient {
	t.Helper()
	client, _ := plugin.TestPluginGRPCConn(t, false, map[string]plugin.Plugin{connector.PluginName: p})
	t.Cleanup(func() { _ = client.Close() }) // which stops the server, too
	return client
}

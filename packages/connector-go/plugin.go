package connector

import (
	"context"
	"errors"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// Handshake is what a host and a connector must agree on before they talk. The cookie tells a person
// who runs a connector by hand that it is a plugin; it is not a secret.
var Handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "VRSKY_CONNECTOR_PLUGIN",
	MagicCookieValue: "connection-node-4b0e6f0c9a1d4f7e",
}

const (
	// PluginName is the key of a ConnectionNodePlugin in go-plugin's plugin sets.
	PluginName = "connection"

	// ProtocolVersion is the newest VRSky protocol version that this package speaks.
	ProtocolVersion = 1

	// MaxMessageBytes is the limit of one encoded message, either way, of GRPCServer.
	MaxMessageBytes = 16 << 20
)

// ConnectionNodePlugin connects a ConnectionNode to go-plugin, on either side.
type ConnectionNodePlugin struct {
	plugin.NetRPCUnsupportedPlugin

	// Impl is the connector to serve. Connector side only.
	Impl ConnectionNode

	// Host is served to the connector, and attached at Dispense. It may also be a StateStore.
	// Optional; host side only. A plugin set with a Host is for one process.
	Host HostFunctions

	// Identity is told to the connector together with Host. Optional; host side only.
	Identity *Identity
}

var (
	_ plugin.Plugin     = (*ConnectionNodePlugin)(nil)
	_ plugin.GRPCPlugin = (*ConnectionNodePlugin)(nil)
)

// GRPCServer registers Impl. It is called by go-plugin, once, when the connector starts.
func (p *ConnectionNodePlugin) GRPCServer(broker *plugin.GRPCBroker, server *grpc.Server) error {
	if p.Impl == nil {
		return errors.New("ConnectionNodePlugin.Impl is nil: set it to the connector to serve")
	}
	node := &nodeServer{impl: p.Impl, id: p.Impl.Metadata().ID, broker: broker}
	connectorpb.RegisterConnectionNodeServer(server, node)
	return nil
}

// GRPCClient gives a ConnectionNode. It is called by go-plugin in Dispense; ctx ends with the process.
func (p *ConnectionNodePlugin) GRPCClient(
	ctx context.Context, broker *plugin.GRPCBroker, conn *grpc.ClientConn,
) (interface{}, error) {
	return dispense(ctx, p, broker, connectorpb.NewConnectionNodeClient(conn))
}

// GRPCServer is for plugin.ServeConfig.GRPCServer: go-plugin's default one, which must not be left
// out either, takes messages up to 4 MiB only.
func GRPCServer(options []grpc.ServerOption) *grpc.Server {
	limits := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(MaxMessageBytes),
		grpc.MaxSendMsgSize(MaxMessageBytes),
	}
	return grpc.NewServer(append(limits, options...)...)
}

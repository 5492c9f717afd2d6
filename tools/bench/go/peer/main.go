// Command peer is the yardstick of the benchmark: a plugin with grpc-go, go-plugin and the generated
// code alone, as small as one can be. Its limits and windows are those of our own connectors.
package main

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/ValueRetail/vrsky-bench/messages"
	"github.com/ValueRetail/vrsky/pkg/connector"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

const (
	streamWindow     = 4 << 20
	connectionWindow = 16 << 20
	maxMessageBytes  = 16 << 20
	maxInFlight      = 1024
	maxFrameMessages = 256
	maxFrameBytes    = 1 << 20
	mostGrants       = 1024
	ackTimeout       = 30 * time.Second
)

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: connector.Handshake,
		Plugins:         plugin.PluginSet{connector.PluginName: &peerPlugin{}},
		GRPCServer: func(options []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(options,
				grpc.InitialWindowSize(streamWindow), grpc.InitialConnWindowSize(connectionWindow),
				grpc.MaxRecvMsgSize(maxMessageBytes), grpc.MaxSendMsgSize(maxMessageBytes))...)
		},
	})
}

type peerPlugin struct{ plugin.NetRPCUnsupportedPlugin }

func (*peerPlugin) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	connectorpb.RegisterConnectionNodeServer(server, &node{})
	return nil
}

func (*peerPlugin) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("the peer is a plugin only")
}

// node is source and destination in one.
type node struct {
	connectorpb.UnimplementedConnectionNodeServer
	payload           []byte
	size              int // of each message, as frames count it
	made, acked, sent atomic.Uint64
}

func (*node) Metadata(context.Context, *connectorpb.MetadataRequest) (*connectorpb.MetadataResponse, error) {
	return &connectorpb.MetadataResponse{
		Metadata: &connectorpb.PluginMetadata{Id: "peer", Name: "peer", ProtocolVersion: connector.ProtocolVersion},
	}, nil
}

func (n *node) Connect(_ context.Context, request *connectorpb.ConnectRequest) (*connectorpb.ConnectResponse, error) {
	settings := request.GetConfig().GetSettings().GetFields()
	n.payload = messages.Payload(int(settings["payloadBytes"].GetNumberValue()))
	n.size = messages.Size(messages.New(0, n.payload))
	return &connectorpb.ConnectResponse{}, nil
}

func (n *node) Health(context.Context, *connectorpb.HealthRequest) (*connectorpb.HealthResponse, error) {
	return &connectorpb.HealthResponse{
		Status: connectorpb.HealthResponse_STATUS_OK,
		Details: map[string]string{
			"sent":  strconv.FormatUint(n.sent.Load(), 10),
			"acked": strconv.FormatUint(n.acked.Load(), 10),
		},
	}, nil
}

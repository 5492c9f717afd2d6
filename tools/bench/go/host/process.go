package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/ValueRetail/vrsky-bench/messages"
	"github.com/ValueRetail/vrsky/pkg/connector"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// process is one running plugin, connected.
type process struct {
	client *plugin.Client
	rpc    connectorpb.ConnectionNodeClient
	pid    int
}

func newClient(o *options) (*plugin.Client, *exec.Cmd) {
	command := exec.Command(o.command[0], o.command[1:]...)
	return plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  connector.Handshake,
		Plugins:          plugin.PluginSet{connector.PluginName: &stubs{}},
		Cmd:              command,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         o.MTLS,
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Off, Output: io.Discard}),
	}), command
}

// launch starts a plugin, attaches a host and connects, as a host in production does.
func launch(ctx context.Context, o *options) (_ *process, err error) {
	client, command := newClient(o)
	defer func() {
		if err != nil {
			client.Kill()
		}
	}()
	protocol, err := client.Client()
	if err != nil {
		return nil, err
	}
	raw, err := protocol.Dispense(connector.PluginName)
	if err != nil {
		return nil, err
	}
	dispensed := raw.(*stubs)
	p := &process{client: client, rpc: dispensed.rpc, pid: command.Process.Pid}
	if err := dispensed.attachHost(ctx); err != nil {
		return nil, fmt.Errorf("AttachHost: %w", err)
	}
	settings, err := structpb.NewStruct(map[string]any{"payloadBytes": o.PayloadBytes})
	if err != nil {
		return nil, err
	}
	kind := "bench-source"
	if o.Call == "send" || o.Call == "send-stream" {
		kind = "bench-destination"
	}
	_, err = p.rpc.Connect(ctx, &connectorpb.ConnectRequest{Config: &connectorpb.ConnectionConfig{
		Id: "bench", Name: messages.Source, Type: kind, Settings: settings,
	}})
	if err != nil {
		return nil, fmt.Errorf("Connect: %w", err)
	}
	return p, nil
}

// stubs is the client side of a plugin: the generated code and nothing around it.
type stubs struct {
	plugin.NetRPCUnsupportedPlugin
	rpc    connectorpb.ConnectionNodeClient
	broker *plugin.GRPCBroker
}

func (*stubs) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("this is a host only")
}

func (*stubs) GRPCClient(_ context.Context, broker *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return &stubs{rpc: connectorpb.NewConnectionNodeClient(conn), broker: broker}, nil
}

// attachHost serves host functions that do nothing. Plugins without the rpc work without a host.
func (s *stubs) attachHost(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	id := s.broker.NextId()
	serving := make(chan *grpc.Server, 1)
	go s.broker.AcceptAndServe(id, func(options []grpc.ServerOption) *grpc.Server {
		server := grpc.NewServer(options...)
		connectorpb.RegisterHostFunctionsServer(server, connectorpb.UnimplementedHostFunctionsServer{})
		serving <- server
		return server
	})
	var server *grpc.Server
	select {
	case server = <-serving:
	case <-ctx.Done():
		return errors.New("the broker opened no listener")
	}
	_, err := s.rpc.AttachHost(ctx, &connectorpb.AttachHostRequest{
		BrokerId: id,
		Identity: identity(),
	})
	if isUnimplemented(err) {
		server.Stop()
		return nil
	}
	return err
}

package main

import (
	"context"
	"os"
	"os/exec"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky/pkg/connector"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
	"github.com/ValueRetail/vrsky/pkg/connector/interop/raw"
)

// launch starts a connector process; stop ends it.
func launch(command []string, plain bool) (node connector.ConnectionNode, stop func(), err error) {
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: connector.Handshake,
		Plugins: map[string]plugin.Plugin{
			connector.PluginName: &connector.ConnectionNodePlugin{},
			"raw":                raw.Plugin{},
		},
		Cmd:              exec.Command(command[0], command[1:]...),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		StartTimeout:     time.Minute,
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr}),
	})
	node, err = dispense(client, plain)
	if err != nil {
		client.Kill()
	}
	return node, client.Kill, err
}

func dispense(client *plugin.Client, plain bool) (connector.ConnectionNode, error) {
	protocol, err := client.Client()
	if err != nil {
		return nil, err
	}
	dispensed, err := protocol.Dispense(connector.PluginName)
	if err != nil {
		return nil, err
	}
	node := dispensed.(connector.ConnectionNode)
	if !plain {
		return node, nil
	}
	conn, err := protocol.Dispense("raw")
	if err != nil {
		return nil, err
	}
	return plainNode{node, connectorpb.NewConnectionNodeClient(conn.(*grpc.ClientConn))}, nil
}

// plainNode receives as a host does that knows only the specification.
type plainNode struct {
	connector.ConnectionNode
	rpc connectorpb.ConnectionNodeClient
}

func (n plainNode) ReportHealth(ctx context.Context) (connector.HealthReport, error) {
	return n.ConnectionNode.(connector.HealthReporter).ReportHealth(ctx)
}

func (n plainNode) Receive(ctx context.Context) (connector.Message, error) {
	response, err := n.rpc.Receive(ctx, &connectorpb.ReceiveRequest{})
	switch status.Code(err) {
	case codes.Canceled:
		err = context.Canceled
	case codes.DeadlineExceeded:
		err = context.DeadlineExceeded
	}
	return connector.Message{Payload: response.GetDelivery().GetMessage().GetPayload()}, err
}

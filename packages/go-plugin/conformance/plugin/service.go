package main

import (
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/ValueRetail/vrsky-go-plugin-conformance/testingpb"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

type testingPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	version int
}

func (p *testingPlugin) GRPCServer(broker *plugin.GRPCBroker, server *grpc.Server) error {
	testingpb.RegisterTestingServer(server, &service{broker: broker, version: p.version})
	return nil
}

func (*testingPlugin) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("this is a plugin, not a host")
}

type service struct {
	testingpb.UnimplementedTestingServer
	broker  *plugin.GRPCBroker
	version int
}

func (*service) Echo(_ context.Context, payload *testingpb.Payload) (*testingpb.Payload, error) {
	return &testingpb.Payload{Text: payload.Text, Data: payload.Data}, nil
}

func (*service) EchoStream(stream testingpb.Testing_EchoStreamServer) error {
	for {
		payload, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(payload); err != nil {
			return err
		}
	}
}

func (s *service) Run(ctx context.Context, payload *testingpb.Payload) (*testingpb.Payload, error) {
	switch payload.Text {
	case "version":
		return &testingpb.Payload{Text: strconv.Itoa(s.version)}, nil
	case "accept":
		return &testingpb.Payload{BrokerId: s.accept()}, nil
	case "dial":
		return s.dial(ctx, payload.BrokerId)
	}
	action, found := actions[payload.Text]
	if !found {
		return nil, errors.New("no such action: " + payload.Text)
	}
	text, err := action(ctx, payload.Data)
	return &testingpb.Payload{Text: text}, err
}

// accept serves this service on a brokered connection, until the plugin ends.
func (s *service) accept() uint32 {
	id := s.broker.NextId()
	go s.broker.AcceptAndServe(id, func(options []grpc.ServerOption) *grpc.Server {
		brokered := grpc.NewServer(options...)
		testingpb.RegisterTestingServer(brokered, s)
		return brokered
	})
	return id
}

// dial calls the host's own service on a brokered connection.
func (s *service) dial(ctx context.Context, id uint32) (*testingpb.Payload, error) {
	brokered, err := s.broker.Dial(id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = brokered.Close() }()
	return testingpb.NewTestingClient(brokered).Echo(ctx, &testingpb.Payload{Text: "from the plugin"})
}

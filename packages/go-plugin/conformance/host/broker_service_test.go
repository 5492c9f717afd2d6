package host

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"

	"github.com/ValueRetail/vrsky-go-plugin-conformance/testingpb"
)

// service is what the host offers to its plugin.
type service struct {
	testingpb.UnimplementedTestingServer
	h *host
	// callers are the plugin's ends of connections.
	callers chan *peer.Peer
}

func (s *service) Echo(ctx context.Context, request *testingpb.Payload) (*testingpb.Payload, error) {
	caller, _ := peer.FromContext(ctx)
	select {
	case s.callers <- caller:
	default:
	}
	return &testingpb.Payload{Text: request.Text + ", by the host"}, nil
}

// Run dials the plugin.
func (s *service) Run(ctx context.Context, request *testingpb.Payload) (*testingpb.Payload, error) {
	conn, err := s.h.broker.Dial(request.BrokerId)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return testingpb.NewTestingClient(conn).Echo(ctx, &testingpb.Payload{Text: "by the host, back to the plugin"})
}

// accept offers the service on a brokered connection. It returns when that is announced.
func (h *host) accept() (id uint32, offered *service) {
	id = h.broker.NextId()
	return id, h.acceptAs(id)
}

func (h *host) acceptAs(id uint32) *service {
	h.t.Helper()
	offered := &service{h: h, callers: make(chan *peer.Peer, 1)}
	announced := make(chan struct{}, 1)
	go h.broker.AcceptAndServe(id, func(options []grpc.ServerOption) *grpc.Server {
		server := grpc.NewServer(options...)
		testingpb.RegisterTestingServer(server, offered)
		announced <- struct{}{}
		return server
	})
	next(h.t, announced)
	return offered
}

const calledBack = "from the plugin, by the host"

func (h *host) letDial(action string, id uint32) (string, error) {
	answer, err := h.Run(h.ctx, &testingpb.Payload{Text: action, BrokerId: id})
	return answer.GetText(), err
}

func (h *host) expectCallback(id uint32) {
	h.t.Helper()
	text, err := h.letDial("dial", id)
	check(h.t, err)
	equal(h.t, text, calledBack)
}

// letAccept has the plugin offer its service on a brokered connection, and dials that.
func (h *host) letAccept() *grpc.ClientConn {
	h.t.Helper()
	answer, err := h.Run(h.ctx, &testingpb.Payload{Text: "accept"})
	check(h.t, err)
	conn, err := h.broker.Dial(answer.BrokerId)
	check(h.t, err)
	h.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

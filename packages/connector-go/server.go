package connector

import (
	"cmp"
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// nodeServer serves an Impl: one per plugin process.
type nodeServer struct {
	connectorpb.UnimplementedConnectionNodeServer
	impl     ConnectionNode
	id       string // of its metadata
	broker   *plugin.GRPCBroker
	tenancy  tenancy
	returned returnedMessages

	connection connection
	leases     leases
}

func (s *nodeServer) Metadata(
	ctx context.Context, _ *connectorpb.MetadataRequest,
) (*connectorpb.MetadataResponse, error) {
	return serve(ctx, "Metadata", func() (*connectorpb.MetadataResponse, error) {
		return &connectorpb.MetadataResponse{Metadata: metadataToWire(s.impl.Metadata())}, nil
	})
}

func (s *nodeServer) Validate(
	ctx context.Context, request *connectorpb.ValidateRequest,
) (*connectorpb.ValidateResponse, error) {
	config := configFromWire(request.GetConfig())
	ctx, cancel := limited(ctx, config)
	defer cancel()
	return serve(ctx, "Validate", func() (*connectorpb.ValidateResponse, error) {
		if impl, ok := s.impl.(WarningValidator); ok {
			warnings, err := impl.ValidateWithWarnings(ctx, config)
			return &connectorpb.ValidateResponse{Warnings: warnings}, err
		}
		return &connectorpb.ValidateResponse{}, s.impl.Validate(ctx, config)
	})
}

func (s *nodeServer) Connect(
	ctx context.Context, request *connectorpb.ConnectRequest,
) (*connectorpb.ConnectResponse, error) {
	config := configFromWire(request.GetConfig())
	ctx, cancel := limited(ctx, config)
	defer cancel()
	return serve(ctx, "Connect", func() (*connectorpb.ConnectResponse, error) {
		if err := s.impl.Connect(ctx, config); err != nil {
			return nil, err
		}
		s.connection.open(config)
		return &connectorpb.ConnectResponse{}, nil
	})
}

func (s *nodeServer) Disconnect(
	ctx context.Context, _ *connectorpb.DisconnectRequest,
) (*connectorpb.DisconnectResponse, error) {
	ctx, cancel := s.connection.limited(ctx)
	defer cancel()
	return serve(ctx, "Disconnect", func() (*connectorpb.DisconnectResponse, error) {
		err := s.connection.disconnect(func() error { return s.impl.Disconnect(ctx) })
		return &connectorpb.DisconnectResponse{}, err
	})
}

func (s *nodeServer) Send(
	ctx context.Context, request *connectorpb.SendRequest,
) (*connectorpb.SendResponse, error) {
	ctx, cancel := s.connection.limited(ctx)
	defer cancel()
	return serve(ctx, "Send", func() (*connectorpb.SendResponse, error) {
		message := messageFromWire(request.GetMessage())
		if err := s.check(message); err != nil {
			return nil, err
		}
		id, err := s.impl.Send(ctx, message)
		return &connectorpb.SendResponse{Receipt: &connectorpb.SendReceipt{MessageId: id}}, err
	})
}

// stamp completes what came in: whose it is, and from which connector.
func (s *nodeServer) stamp(message *Message) {
	s.tenancy.stamp(message)
	message.Metadata.Source = cmp.Or(message.Metadata.Source, s.id)
}

// check refuses a message that must not be sent.
func (s *nodeServer) check(message Message) error {
	if message.ID == "" {
		return &PluginError{Code: CodeInvalidMessage, Message: "the message has no id", Field: "message.id"}
	}
	return s.tenancy.check(message)
}

func (s *nodeServer) Receive(
	ctx context.Context, request *connectorpb.ReceiveRequest,
) (*connectorpb.ReceiveResponse, error) {
	ctx, cancel := beforeDeadline(ctx)
	defer cancel()
	return serve(ctx, "Receive", func() (*connectorpb.ReceiveResponse, error) {
		delivery, err := s.receive(ctx, request.GetExplicitAck())
		if err != nil {
			return nil, err
		}
		s.stamp(&delivery.Message)
		return &connectorpb.ReceiveResponse{Delivery: deliveryToWire(delivery)}, nil
	})
}

func (s *nodeServer) Acknowledge(
	ctx context.Context, request *connectorpb.AcknowledgeRequest,
) (*connectorpb.AcknowledgeResponse, error) {
	impl, ok := s.impl.(AckReceiver)
	if !ok {
		return nil, status.Error(codes.Unimplemented, "this connector hands out nothing to acknowledge")
	}
	return serve(ctx, "Acknowledge", func() (*connectorpb.AcknowledgeResponse, error) {
		settlements := settlementsFromWire(request.GetSettlements())
		unknown, err := impl.Acknowledge(ctx, settlements...)
		if err == nil {
			s.leases.end(settlements...)
		}
		return &connectorpb.AcknowledgeResponse{UnknownDeliveryIds: unknown}, err
	})
}

func (s *nodeServer) Health(
	ctx context.Context, _ *connectorpb.HealthRequest,
) (*connectorpb.HealthResponse, error) {
	ctx, cancel := s.connection.limited(ctx)
	defer cancel()
	return serve(ctx, "Health", func() (*connectorpb.HealthResponse, error) {
		impl, ok := s.impl.(HealthReporter)
		if !ok {
			return &connectorpb.HealthResponse{Status: connectorpb.HealthResponse_STATUS_OK}, s.impl.Health(ctx)
		}
		report, err := impl.ReportHealth(ctx)
		response := &connectorpb.HealthResponse{
			Status:  connectorpb.HealthResponse_STATUS_OK,
			Details: report.Details,
		}
		if report.Degraded {
			response.Status = connectorpb.HealthResponse_STATUS_DEGRADED
		}
		return response, err
	})
}

func (s *nodeServer) AttachHost(
	ctx context.Context, request *connectorpb.AttachHostRequest,
) (*connectorpb.AttachHostResponse, error) {
	return serve(ctx, "AttachHost", func() (*connectorpb.AttachHostResponse, error) {
		if err := s.tenancy.attach(request.GetIdentity()); err != nil {
			return nil, err
		}
		if impl, ok := s.impl.(HostAware); ok {
			host, err := dialHost(ctx, s.broker, request.GetBrokerId())
			if err != nil {
				return nil, err
			}
			impl.AttachHost(host)
		}
		return &connectorpb.AttachHostResponse{}, nil
	})
}

package connector

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// hostServer serves a host's functions to one connector. What a connector sends is not trusted.
type hostServer struct {
	connectorpb.UnimplementedHostFunctionsServer
	host HostFunctions
}

func (s *hostServer) GetSecret(
	ctx context.Context, request *connectorpb.GetSecretRequest,
) (*connectorpb.GetSecretResponse, error) {
	return serve(ctx, "GetSecret", func() (*connectorpb.GetSecretResponse, error) {
		value, err := s.host.GetSecret(ctx, request.GetName())
		return &connectorpb.GetSecretResponse{Value: value}, err
	})
}

func (s *hostServer) Log(
	ctx context.Context, request *connectorpb.LogRequest,
) (*connectorpb.LogResponse, error) {
	return serve(ctx, "Log", func() (*connectorpb.LogResponse, error) {
		return &connectorpb.LogResponse{}, s.host.Log(ctx, request.GetLevel(), request.GetMessage())
	})
}

func (s *hostServer) RecordMetric(
	ctx context.Context, request *connectorpb.RecordMetricRequest,
) (*connectorpb.RecordMetricResponse, error) {
	return serve(ctx, "RecordMetric", func() (*connectorpb.RecordMetricResponse, error) {
		err := s.host.RecordMetric(ctx, request.GetName(), request.GetValue(), notNil(request.GetTags()))
		return &connectorpb.RecordMetricResponse{}, err
	})
}

func (s *hostServer) GetConfiguration(
	ctx context.Context, _ *connectorpb.GetConfigurationRequest,
) (*connectorpb.GetConfigurationResponse, error) {
	return serve(ctx, "GetConfiguration", func() (*connectorpb.GetConfigurationResponse, error) {
		config, err := s.host.GetConfiguration(ctx)
		if err != nil {
			return nil, err
		}
		wire, err := configToWire(config)
		return &connectorpb.GetConfigurationResponse{Config: wire}, err
	})
}

func (s *hostServer) GetState(
	ctx context.Context, request *connectorpb.GetStateRequest,
) (*connectorpb.GetStateResponse, error) {
	store, err := s.store()
	if err != nil {
		return nil, err
	}
	return serve(ctx, "GetState", func() (*connectorpb.GetStateResponse, error) {
		if err := checkStateKey(request.GetKey()); err != nil {
			return nil, err
		}
		value, revision, err := store.GetState(ctx, request.GetKey())
		return &connectorpb.GetStateResponse{Value: value, Revision: revision}, err
	})
}

func (s *hostServer) PutState(
	ctx context.Context, request *connectorpb.PutStateRequest,
) (*connectorpb.PutStateResponse, error) {
	store, err := s.store()
	if err != nil {
		return nil, err
	}
	return serve(ctx, "PutState", func() (*connectorpb.PutStateResponse, error) {
		if err := checkStateKey(request.GetKey()); err != nil {
			return nil, err
		}
		if size := len(request.GetValue()); size > MaxStateValueBytes {
			return nil, &PluginError{Code: CodePayloadTooLarge, Message: fmt.Sprintf(
				"state value of %d bytes is above the limit of %d", size, MaxStateValueBytes)}
		}
		revision, err := store.PutState(ctx, request.GetKey(), request.GetValue(), request.GetRevision())
		return &connectorpb.PutStateResponse{Revision: revision}, err
	})
}

func (s *hostServer) store() (StateStore, error) {
	store, ok := s.host.(StateStore)
	if !ok {
		return nil, status.Error(codes.Unimplemented, "this host keeps no state")
	}
	return store, nil
}

func checkStateKey(key string) error {
	if len(key) == 0 || len(key) > MaxStateKeyBytes {
		return &PluginError{Code: CodeInvalidMessage, Message: fmt.Sprintf(
			"a state key has 1 to %d bytes, this one %d", MaxStateKeyBytes, len(key))}
	}
	return nil
}

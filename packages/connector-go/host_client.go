package connector

import (
	"context"
	"fmt"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// hostClient is the HostFunctions that an Impl is given.
type hostClient struct {
	rpc connectorpb.HostFunctionsClient
}

var (
	_ HostFunctions = (*hostClient)(nil)
	_ StateStore    = (*hostClient)(nil)
)

// dialHost returns once the connection stands. It lasts as long as the process: a brokered connection
// that went idle could not be dialled again.
func dialHost(ctx context.Context, broker *plugin.GRPCBroker, id uint32) (*hostClient, error) {
	conn, err := broker.DialWithOptions(id, grpc.WithIdleTimeout(0))
	if err != nil {
		return nil, NewConnectionError("dial host functions: " + err.Error())
	}
	conn.Connect()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		if state == connectivity.TransientFailure || !conn.WaitForStateChange(ctx, state) {
			_ = conn.Close()
			return nil, NewConnectionError(fmt.Sprintf("dial host functions: connection is %s", state))
		}
	}
	return &hostClient{rpc: connectorpb.NewHostFunctionsClient(conn)}, nil
}

func (h *hostClient) GetSecret(ctx context.Context, name string) (string, error) {
	response, err := h.rpc.GetSecret(ctx, &connectorpb.GetSecretRequest{Name: name})
	return response.GetValue(), fromStatus(ctx, "GetSecret", err)
}

func (h *hostClient) Log(ctx context.Context, level string, message string) error {
	_, err := h.rpc.Log(ctx, &connectorpb.LogRequest{Level: level, Message: message})
	return fromStatus(ctx, "Log", err)
}

func (h *hostClient) RecordMetric(
	ctx context.Context, name string, value float64, tags map[string]string,
) error {
	request := &connectorpb.RecordMetricRequest{Name: name, Value: value, Tags: tags}
	_, err := h.rpc.RecordMetric(ctx, request)
	return fromStatus(ctx, "RecordMetric", err)
}

func (h *hostClient) GetConfiguration(ctx context.Context) (ConnectionConfig, error) {
	response, err := h.rpc.GetConfiguration(ctx, &connectorpb.GetConfigurationRequest{})
	if err != nil {
		return ConnectionConfig{}, fromStatus(ctx, "GetConfiguration", err)
	}
	return configFromWire(response.GetConfig()), nil
}

func (h *hostClient) GetState(ctx context.Context, key string) ([]byte, uint64, error) {
	response, err := h.rpc.GetState(ctx, &connectorpb.GetStateRequest{Key: key})
	return response.GetValue(), response.GetRevision(), fromStatus(ctx, "GetState", err)
}

func (h *hostClient) PutState(
	ctx context.Context, key string, value []byte, revision uint64,
) (uint64, error) {
	request := &connectorpb.PutStateRequest{Key: key, Value: value, Revision: revision}
	response, err := h.rpc.PutState(ctx, request)
	return response.GetRevision(), fromStatus(ctx, "PutState", err)
}

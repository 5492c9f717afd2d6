package connector

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// dispenseTimeout is for each of the calls made in Dispense, which has no context of its caller.
const dispenseTimeout = 30 * time.Second

func dispense(
	ctx context.Context, p *ConnectionNodePlugin, broker *plugin.GRPCBroker, rpc connectorpb.ConnectionNodeClient,
) (ConnectionNode, error) {
	// The end of the process fails the calls; its context would make that look like a cancellation.
	ctx = context.WithoutCancel(ctx)
	if p.Identity != nil && p.Host == nil {
		return nil, errors.New("ConnectionNodePlugin.Identity is told together with Host: set Host, too")
	}
	metadata, err := fetchMetadata(ctx, rpc)
	if err != nil {
		return nil, err
	}
	if p.Host != nil {
		if err := attachHost(ctx, p, broker, rpc); err != nil {
			return nil, err
		}
	}
	return &nodeClient{rpc: rpc, metadata: metadata}, nil
}

func fetchMetadata(ctx context.Context, rpc connectorpb.ConnectionNodeClient) (PluginMetadata, error) {
	ctx, cancel := context.WithTimeout(ctx, dispenseTimeout)
	defer cancel()
	response, err := rpc.Metadata(ctx, &connectorpb.MetadataRequest{})
	if err != nil {
		return PluginMetadata{}, fromStatus(ctx, "Metadata", err)
	}
	metadata := metadataFromWire(response.GetMetadata())
	if metadata.ProtocolVersion > ProtocolVersion {
		return PluginMetadata{}, &PluginError{Code: CodeUnsupported, Message: fmt.Sprintf(
			"connector %q needs VRSky protocol version %d, this host knows %d: update the host",
			metadata.ID, metadata.ProtocolVersion, ProtocolVersion)}
	}
	if metadata.ProtocolVersion < ProtocolVersion {
		log.Printf("[WARN] connector %q speaks an older protocol version: %d, this host %d",
			metadata.ID, metadata.ProtocolVersion, ProtocolVersion)
	}
	return metadata, nil
}

// attachHost serves p.Host until the go-plugin client is killed. Serving starts before the call, because
// the connector dials while it handles it.
func attachHost(
	ctx context.Context, p *ConnectionNodePlugin, broker *plugin.GRPCBroker, rpc connectorpb.ConnectionNodeClient,
) error {
	ctx, cancel := context.WithTimeout(ctx, dispenseTimeout)
	defer cancel()
	request := &connectorpb.AttachHostRequest{BrokerId: broker.NextId()}
	if p.Identity != nil {
		request.Identity = &connectorpb.Identity{
			CustomerId:    p.Identity.CustomerID,
			TenantId:      p.Identity.TenantID,
			IntegrationId: p.Identity.IntegrationID,
		}
	}
	server, err := serveHost(ctx, p.Host, broker, request.BrokerId)
	if err != nil {
		return err
	}
	_, err = rpc.AttachHost(ctx, request)
	if err == nil {
		return nil
	}
	server.Stop()
	var failure *PluginError
	if err = fromStatus(ctx, "AttachHost", err); errors.As(err, &failure) && failure.Code == CodeUnsupported {
		return nil // a connector that knows only the specification
	}
	return err
}

// serveHost returns once the connector can dial.
func serveHost(
	ctx context.Context, host HostFunctions, broker *plugin.GRPCBroker, id uint32,
) (*grpc.Server, error) {
	serving := make(chan *grpc.Server, 1)
	go func() {
		defer close(serving)
		broker.AcceptAndServe(id, func(options []grpc.ServerOption) *grpc.Server {
			server := grpc.NewServer(options...)
			connectorpb.RegisterHostFunctionsServer(server, &hostServer{host: host})
			serving <- server
			return server
		})
	}()
	select {
	case server, ok := <-serving:
		if !ok {
			return nil, errors.New("serve host functions: go-plugin's broker opened no listener; its log says why")
		}
		return server, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("serve host functions: %w", ctx.Err())
	}
}

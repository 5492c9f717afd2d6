package connector

import (
	"cmp"
	"context"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// nodeClient is the ConnectionNode that a host dispenses.
type nodeClient struct {
	rpc      connectorpb.ConnectionNodeClient
	metadata PluginMetadata
}

var (
	_ ConnectionNode   = (*nodeClient)(nil)
	_ AckReceiver      = (*nodeClient)(nil)
	_ WarningValidator = (*nodeClient)(nil)
	_ HealthReporter   = (*nodeClient)(nil)
	_ StreamSender     = (*nodeClient)(nil)
	_ StreamReceiver   = (*nodeClient)(nil)
)

func (c *nodeClient) Metadata() PluginMetadata { return c.metadata }

func (c *nodeClient) Validate(ctx context.Context, config ConnectionConfig) error {
	_, err := c.ValidateWithWarnings(ctx, config)
	return err
}

func (c *nodeClient) ValidateWithWarnings(ctx context.Context, config ConnectionConfig) ([]string, error) {
	wire, err := configToWire(config)
	if err != nil {
		return nil, err
	}
	response, err := c.rpc.Validate(ctx, &connectorpb.ValidateRequest{Config: wire})
	return response.GetWarnings(), fromStatus(ctx, "Validate", err)
}

func (c *nodeClient) Connect(ctx context.Context, config ConnectionConfig) error {
	wire, err := configToWire(config)
	if err != nil {
		return err
	}
	_, err = c.rpc.Connect(ctx, &connectorpb.ConnectRequest{Config: wire})
	return fromStatus(ctx, "Connect", err)
}

func (c *nodeClient) Disconnect(ctx context.Context) error {
	_, err := c.rpc.Disconnect(ctx, &connectorpb.DisconnectRequest{})
	return fromStatus(ctx, "Disconnect", err)
}

func (c *nodeClient) Send(ctx context.Context, msg Message) (string, error) {
	response, err := c.rpc.Send(ctx, &connectorpb.SendRequest{Message: c.addressed(msg)})
	return response.GetReceipt().GetMessageId(), fromStatus(ctx, "Send", err)
}

// addressed completes what is sent by the connector that it goes to.
func (c *nodeClient) addressed(msg Message) *connectorpb.Message {
	msg.Metadata.Destination = cmp.Or(msg.Metadata.Destination, c.metadata.ID)
	return messageToWire(msg)
}

func (c *nodeClient) Acknowledge(ctx context.Context, settlements ...Settlement) ([]string, error) {
	request := &connectorpb.AcknowledgeRequest{}
	for _, settlement := range settlements {
		request.Settlements = append(request.Settlements, settlementToWire(settlement))
	}
	response, err := c.rpc.Acknowledge(ctx, request)
	return response.GetUnknownDeliveryIds(), fromStatus(ctx, "Acknowledge", err)
}

func (c *nodeClient) Health(ctx context.Context) error {
	_, err := c.ReportHealth(ctx)
	return err
}

func (c *nodeClient) ReportHealth(ctx context.Context) (HealthReport, error) {
	response, err := c.rpc.Health(ctx, &connectorpb.HealthRequest{})
	if err != nil {
		return HealthReport{}, fromStatus(ctx, "Health", err)
	}
	return HealthReport{
		Degraded: response.GetStatus() == connectorpb.HealthResponse_STATUS_DEGRADED,
		Details:  notNil(response.GetDetails()),
	}, nil
}

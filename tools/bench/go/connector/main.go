// Command connector is a connector on connector-go as its authors write them: an endless source that
// makes a message only when it is asked for one, and a destination that answers at once.
package main

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-plugin"

	"github.com/ValueRetail/vrsky-bench/messages"
	"github.com/ValueRetail/vrsky/pkg/connector"
)

const ackTimeout = 30 * time.Second

func main() {
	node := &node{outstanding: map[string]struct{}{}}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: connector.Handshake,
		Plugins: plugin.PluginSet{
			connector.PluginName: &connector.ConnectionNodePlugin{Impl: node},
		},
		GRPCServer: connector.GRPCServer,
	})
}

type node struct {
	payload     []byte
	made, sent  atomic.Uint64
	mu          sync.Mutex
	outstanding map[string]struct{}
	acked       int
}

var (
	_ connector.ConnectionNode = (*node)(nil)
	_ connector.AckReceiver    = (*node)(nil)
	_ connector.BatchSender    = (*node)(nil)
	_ connector.HealthReporter = (*node)(nil)
)

func (*node) Metadata() connector.PluginMetadata {
	return connector.PluginMetadata{
		ID: "go-connector", Name: "go-connector", Version: "0.0.0",
		ProtocolVersion: connector.ProtocolVersion,
		SupportedTypes:  []string{"bench-source", "bench-destination"},
	}
}

func (*node) Validate(context.Context, connector.ConnectionConfig) error { return nil }

func (n *node) Connect(_ context.Context, config connector.ConnectionConfig) error {
	bytes, ok := config.Settings["payloadBytes"].(float64)
	if !ok {
		return errors.New("settings.payloadBytes: expected a number")
	}
	n.payload = messages.Payload(int(bytes))
	return nil
}

func (*node) Disconnect(context.Context) error { return nil }

func (n *node) Send(_ context.Context, message connector.Message) (string, error) {
	n.sent.Add(1)
	return message.ID, nil
}

func (n *node) SendBatch(
	_ context.Context, batch []connector.Message,
) ([]connector.SendResult, error) {
	n.sent.Add(uint64(len(batch)))
	// An empty receipt means the id of the message.
	return make([]connector.SendResult, len(batch)), nil
}

// Receive lets go of the message at once: it cannot see whether the answer arrived.
func (n *node) Receive(context.Context) (connector.Message, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.acked++
	return n.make(), nil
}

func (n *node) ReceiveDelivery(context.Context) (connector.Delivery, error) {
	message := n.make()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.outstanding[message.ID] = struct{}{}
	return connector.Delivery{Message: message, ID: message.ID, AckTimeout: ackTimeout}, nil
}

func (n *node) Acknowledge(_ context.Context, settlements ...connector.Settlement) ([]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var unknown []string
	for _, settlement := range settlements {
		if _, ok := n.outstanding[settlement.DeliveryID]; !ok {
			unknown = append(unknown, settlement.DeliveryID)
			continue
		}
		delete(n.outstanding, settlement.DeliveryID)
		n.acked++
	}
	return unknown, nil
}

func (*node) Health(context.Context) error { return nil }

func (n *node) ReportHealth(context.Context) (connector.HealthReport, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return connector.HealthReport{Details: map[string]string{
		"sent":  strconv.FormatUint(n.sent.Load(), 10),
		"acked": strconv.Itoa(n.acked),
	}}, nil
}

func (n *node) make() connector.Message {
	id := messages.ID(n.made.Add(1) - 1)
	metadata := messages.Metadata(id)
	return connector.Message{
		ID:          id,
		Payload:     n.payload,
		ContentType: messages.ContentType,
		Metadata: connector.MessageMetadata{
			CustomerID:    metadata.GetCustomerId(),
			TenantID:      metadata.GetTenantId(),
			IntegrationID: metadata.GetIntegrationId(),
			Source:        metadata.GetSource(),
			Destination:   metadata.GetDestination(),
			CorrelationID: metadata.GetCorrelationId(),
			TraceID:       metadata.GetTraceId(),
		},
		Headers:   messages.Headers(id),
		Timestamp: time.Now(),
	}
}

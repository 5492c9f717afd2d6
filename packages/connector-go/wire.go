package connector

import (
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

func messageToWire(m Message) *connectorpb.Message {
	wire := &connectorpb.Message{
		Id:          m.ID,
		Payload:     m.Payload,
		ContentType: m.ContentType,
		Metadata: &connectorpb.MessageMetadata{
			CustomerId:    m.Metadata.CustomerID,
			TenantId:      m.Metadata.TenantID,
			IntegrationId: m.Metadata.IntegrationID,
			Source:        m.Metadata.Source,
			Destination:   m.Metadata.Destination,
			CorrelationId: m.Metadata.CorrelationID,
			TraceId:       m.Metadata.TraceID,
		},
		Headers: m.Headers,
	}
	if !m.Timestamp.IsZero() {
		wire.Timestamp = timestamppb.New(m.Timestamp)
	}
	return wire
}

func messageFromWire(wire *connectorpb.Message) Message {
	metadata := wire.GetMetadata()
	message := Message{
		ID:          wire.GetId(),
		Payload:     wire.GetPayload(),
		ContentType: wire.GetContentType(),
		Metadata: MessageMetadata{
			CustomerID:    metadata.GetCustomerId(),
			TenantID:      metadata.GetTenantId(),
			IntegrationID: metadata.GetIntegrationId(),
			Source:        metadata.GetSource(),
			Destination:   metadata.GetDestination(),
			CorrelationID: metadata.GetCorrelationId(),
			TraceID:       metadata.GetTraceId(),
		},
		Headers: notNil(wire.GetHeaders()),
	}
	if wire.GetTimestamp() != nil {
		message.Timestamp = wire.GetTimestamp().AsTime()
	}
	return message
}

func deliveryToWire(d Delivery) *connectorpb.Delivery {
	return &connectorpb.Delivery{
		Message:    messageToWire(d.Message),
		DeliveryId: d.ID,
		AckTimeout: durationToWire(d.AckTimeout),
	}
}

func deliveryFromWire(wire *connectorpb.Delivery) Delivery {
	return Delivery{
		Message:    messageFromWire(wire.GetMessage()),
		ID:         wire.GetDeliveryId(),
		AckTimeout: wire.GetAckTimeout().AsDuration(),
	}
}

func settlementToWire(s Settlement) *connectorpb.Settlement {
	wire := &connectorpb.Settlement{DeliveryId: s.DeliveryID}
	if s.Nack != nil {
		wire.Outcome = &connectorpb.Settlement_Nack{Nack: &connectorpb.Nack{
			Recoverable: s.Nack.Recoverable,
			Delay:       durationToWire(s.Nack.Delay),
		}}
		return wire
	}
	ack := &connectorpb.Ack{}
	if s.Reply != nil {
		ack.Reply = &connectorpb.Reply{
			Status:  clampInt32(s.Reply.Status),
			Headers: s.Reply.Headers,
			Payload: s.Reply.Payload,
		}
	}
	wire.Outcome = &connectorpb.Settlement_Ack{Ack: ack}
	return wire
}

func settlementsFromWire(wire []*connectorpb.Settlement) []Settlement {
	settlements := make([]Settlement, len(wire))
	for i, settlement := range wire {
		settlements[i] = settlementFromWire(settlement)
	}
	return settlements
}

// settlementFromWire takes a settlement without an outcome for a plain retry: nothing is lost by
// offering the message again.
func settlementFromWire(wire *connectorpb.Settlement) Settlement {
	settlement := Settlement{DeliveryID: wire.GetDeliveryId()}
	if wire.GetAck() == nil {
		settlement.Nack = &Nack{Recoverable: true}
		if nack := wire.GetNack(); nack != nil {
			settlement.Nack = &Nack{Recoverable: nack.GetRecoverable(), Delay: nack.GetDelay().AsDuration()}
		}
		return settlement
	}
	if reply := wire.GetAck().GetReply(); reply != nil {
		settlement.Reply = &Reply{
			Status:  int(reply.GetStatus()),
			Headers: notNil(reply.GetHeaders()),
			Payload: reply.GetPayload(),
		}
	}
	return settlement
}

// Zero means "default" everywhere, which is what an absent duration means on the wire.
func durationToWire(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// Authors may write into a map they are given; a nil map would panic.
func notNil(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func clampInt32(n int) int32 {
	return int32(min(max(n, math.MinInt32), math.MaxInt32))
}

package connector

import (
	"cmp"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// sendResultToWire takes Message.ID for a missing id of the external system.
func sendResultToWire(seq uint64, messageID string, result SendResult) *connectorpb.SendResult {
	wire := &connectorpb.SendResult{Seq: seq}
	if result.Err != nil {
		wire.Outcome = &connectorpb.SendResult_Error{Error: errorToWire(toPluginError(result.Err))}
		return wire
	}
	wire.Outcome = &connectorpb.SendResult_Receipt{Receipt: &connectorpb.SendReceipt{
		MessageId: cmp.Or(result.Receipt.MessageID, messageID),
		Headers:   result.Receipt.Headers,
		Payload:   result.Receipt.Payload,
	}}
	return wire
}

func sendResultFromWire(wire *connectorpb.SendResult) SendResult {
	switch outcome := wire.GetOutcome().(type) {
	case *connectorpb.SendResult_Receipt:
		return SendResult{Receipt: SendReceipt{
			MessageID: outcome.Receipt.GetMessageId(),
			Headers:   notNil(outcome.Receipt.GetHeaders()),
			Payload:   outcome.Receipt.GetPayload(),
		}}
	case *connectorpb.SendResult_Error:
		return SendResult{Err: errorFromWire(outcome.Error)}
	default:
		return SendResult{Err: &PluginError{
			Code: CodeInternal, Message: "the connector gave a result without outcome", Recoverable: true,
		}}
	}
}

import { create } from '@bufbuild/protobuf';
import type { SendReceipt } from '../contract/message.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type {
  ReceiveStreamRequest,
  ReceiveStreamResponse,
  SendItem,
  SendResult,
  SendStreamResponse,
} from '../contract/streams.ts';
import {
  ReceiveStreamResponseSchema,
  SendStreamResponseSchema,
  type ReceiveStreamRequest as WireReceiveRequest,
  type ReceiveStreamResponse as WireReceiveResponse,
  type SendStreamRequest as WireSendRequest,
  type SendStreamResponse as WireSendResponse,
} from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import {
  SendReceiptSchema,
  SendResultSchema,
  type SendReceipt as WireReceipt,
  type SendResult as WireResult,
} from '../gen/vrsky/connector/v1/delivery_pb.ts';
import { errorToWire } from './error.ts';
import { messageFromWire } from './message.ts';
import { deliveryToWire, settlementFromWire } from './settlement.ts';
import { millisecondsFromWire } from './time.ts';

export function itemsFromWire({ items }: WireSendRequest): SendItem[] {
  return items.map(({ seq, message, timeout }) => ({
    seq,
    message: messageFromWire(message),
    timeoutMs: millisecondsFromWire(timeout),
  }));
}

export function receiptToWire({ messageId, headers, payload }: SendReceipt): WireReceipt {
  return create(SendReceiptSchema, { messageId, headers, payload });
}

function resultToWire({ seq, outcome }: SendResult): WireResult {
  const wire = create(SendResultSchema, { seq });
  if (outcome instanceof PluginError) wire.outcome = { case: 'error', value: errorToWire(outcome) };
  else if (outcome) wire.outcome = { case: 'receipt', value: receiptToWire(outcome) };
  return wire;
}

export function sendResponseToWire({ maxInFlight, results }: SendStreamResponse): WireSendResponse {
  return create(SendStreamResponseSchema, { maxInFlight, results: results.map(resultToWire) });
}

export function receiveRequestFromWire({
  credit,
  settlements,
}: WireReceiveRequest): ReceiveStreamRequest {
  return {
    credit: credit && { messages: credit.messages, bytes: Number(credit.bytes) },
    settlements: settlements.map(settlementFromWire),
  };
}

export function receiveResponseToWire(frame: ReceiveStreamResponse): WireReceiveResponse {
  return create(ReceiveStreamResponseSchema, {
    deliveries: frame.deliveries.map(deliveryToWire),
    unknownDeliveryIds: [...frame.unknownDeliveryIds],
  });
}

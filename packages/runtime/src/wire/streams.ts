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
  ReceiveStreamRequestSchema,
  ReceiveStreamResponseSchema,
  SendItemSchema,
  SendStreamRequestSchema,
  SendStreamResponseSchema,
  type SendItem as WireItem,
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
import { errorFromWire, errorToWire } from './error.ts';
import { messageFromWire, messageToWire } from './message.ts';
import {
  deliveryFromWire,
  deliveryToWire,
  settlementFromWire,
  settlementToWire,
} from './settlement.ts';
import { millisecondsFromWire, millisecondsToWire } from './time.ts';

export function itemsFromWire({ items }: WireSendRequest): SendItem[] {
  return items.map(({ seq, message, timeout }) => ({
    seq,
    message: messageFromWire(message),
    timeoutMs: millisecondsFromWire(timeout),
  }));
}

export function itemsToWire(items: readonly SendItem[]): WireSendRequest {
  return create(SendStreamRequestSchema, { items: items.map(itemToWire) });
}

function itemToWire({ seq, message, timeoutMs }: SendItem): WireItem {
  const item = create(SendItemSchema, { seq, message: messageToWire(message) });
  if (timeoutMs !== undefined) item.timeout = millisecondsToWire(timeoutMs);
  return item;
}

export function receiptFromWire({ messageId, headers, payload }: WireReceipt): SendReceipt {
  return { messageId, headers, payload };
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

function resultFromWire({ seq, outcome }: WireResult): SendResult {
  switch (outcome.case) {
    case 'receipt':
      return { seq, outcome: receiptFromWire(outcome.value) };
    case 'error':
      return { seq, outcome: errorFromWire(outcome.value) };
    default:
      return { seq, outcome: undefined };
  }
}

export function sendResponseFromWire({
  maxInFlight,
  results,
}: WireSendResponse): SendStreamResponse {
  return { maxInFlight, results: results.map(resultFromWire) };
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

export function receiveRequestToWire({
  credit,
  settlements,
}: ReceiveStreamRequest): WireReceiveRequest {
  return create(ReceiveStreamRequestSchema, {
    ...(credit && { credit: { messages: credit.messages, bytes: BigInt(credit.bytes) } }),
    settlements: settlements.map(settlementToWire),
  });
}

export function receiveResponseFromWire(frame: WireReceiveResponse): ReceiveStreamResponse {
  return {
    deliveries: frame.deliveries.map(deliveryFromWire),
    unknownDeliveryIds: frame.unknownDeliveryIds,
  };
}

export function receiveResponseToWire(frame: ReceiveStreamResponse): WireReceiveResponse {
  return create(ReceiveStreamResponseSchema, {
    deliveries: frame.deliveries.map(deliveryToWire),
    unknownDeliveryIds: [...frame.unknownDeliveryIds],
  });
}

import { create } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import type { SendReceipt } from '../contract/message.ts';
import {
  ReceiveStreamRequestSchema,
  SendItemSchema,
  SendStreamRequestSchema,
  type ConnectionNode as Service,
  type SendItem as WireItem,
} from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import type {
  SendReceipt as WireReceipt,
  SendResult as WireResult,
} from '../gen/vrsky/connector/v1/delivery_pb.ts';
import { errorFromWire } from '../wire/error.ts';
import { messageToWire } from '../wire/message.ts';
import { deliveryFromWire, settlementToWire } from '../wire/settlement.ts';
import { millisecondsToWire } from '../wire/time.ts';
import { call } from './call.ts';
import { openDefaultStream } from './default-stream.ts';
import { incomplete } from './incomplete.ts';
import type { Route, SendItem, SendResult } from './route.ts';

/** By Connect's client and protobuf's objects. */
export function defaultRoute(rpc: Client<typeof Service>): Route {
  return {
    async send(message, options) {
      const request = { message: messageToWire(message) };
      const { receipt } = await call(options, (rpcOptions) => rpc.send(request, rpcOptions));
      if (!receipt) throw incomplete('Send');
      return receiptFromWire(receipt);
    },
    async receive(options) {
      const request = { explicitAck: true };
      const { delivery } = await call(options, (rpcOptions) => rpc.receive(request, rpcOptions));
      if (!delivery) throw incomplete('Receive');
      return deliveryFromWire(delivery);
    },
    async acknowledge(settlements, options) {
      const request = { settlements: settlements.map(settlementToWire) };
      const answer = await call(options, (rpcOptions) => rpc.acknowledge(request, rpcOptions));
      return answer.unknownDeliveryIds;
    },
    sendStream: (incoming, signal) =>
      openDefaultStream(rpc.sendStream, incoming, signal, {
        toWire: (items) => create(SendStreamRequestSchema, { items: items.map(itemToWire) }),
        fromWire: ({ maxInFlight, results }) => ({
          maxInFlight,
          results: results.map(resultFromWire),
        }),
      }),
    receiveStream: (incoming, signal) =>
      openDefaultStream(rpc.receiveStream, incoming, signal, {
        toWire: ({ credit: { messages, bytes }, settlements }) =>
          create(ReceiveStreamRequestSchema, {
            credit: { messages, bytes: BigInt(bytes) },
            settlements: settlements.map(settlementToWire),
          }),
        fromWire: ({ deliveries, unknownDeliveryIds }) => ({
          deliveries: deliveries.map(deliveryFromWire),
          unknownDeliveryIds,
        }),
      }),
  };
}

function itemToWire({ seq, message, timeoutMs }: SendItem): WireItem {
  const item = create(SendItemSchema, { seq, message: messageToWire(message) });
  if (timeoutMs !== undefined) item.timeout = millisecondsToWire(timeoutMs);
  return item;
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

function receiptFromWire({ messageId, headers, payload }: WireReceipt): SendReceipt {
  return { messageId, headers, payload };
}

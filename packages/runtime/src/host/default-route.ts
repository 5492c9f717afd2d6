import type { Client } from '@connectrpc/connect';
import type { ConnectionNode as Service } from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import { messageToWire } from '../wire/message.ts';
import { deliveryFromWire, settlementToWire } from '../wire/settlement.ts';
import {
  itemsToWire,
  receiptFromWire,
  receiveRequestToWire,
  receiveResponseFromWire,
  sendResponseFromWire,
} from '../wire/streams.ts';
import { call } from './call.ts';
import { openDefaultStream } from './default-stream.ts';
import { incomplete } from './incomplete.ts';
import type { Route } from './route.ts';

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
        toWire: itemsToWire,
        fromWire: sendResponseFromWire,
      }),
    receiveStream: (incoming, signal) =>
      openDefaultStream(rpc.receiveStream, incoming, signal, {
        toWire: receiveRequestToWire,
        fromWire: receiveResponseFromWire,
      }),
  };
}

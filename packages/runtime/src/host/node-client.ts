import { create } from '@bufbuild/protobuf';
import { createClient, type CallOptions as RpcOptions, type Transport } from '@connectrpc/connect';
import { PluginError } from '../contract/plugin-error.ts';
import { PluginMetadataSchema } from '../gen/vrsky/connector/v1/config_pb.ts';
import {
  HealthResponse_Status,
  ConnectionNode as Service,
} from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import { configToWire } from '../wire/config.ts';
import { errorFromStatus } from '../wire/error.ts';
import { messageToWire } from '../wire/message.ts';
import { deliveryFromWire, settlementToWire } from '../wire/settlement.ts';
import type { CallOptions, ConnectionNode } from './connection-node.ts';
import { openReceiveStream } from './receive-stream.ts';
import { openSendStream } from './send-stream.ts';

/** The typed client of one connector process. */
export function createNodeClient(transport: Transport): ConnectionNode {
  const rpc = createClient(Service, transport);

  /** One rpc, with its failure in the caller's terms. */
  async function call<T>(
    options: CallOptions,
    run: (options: RpcOptions) => Promise<T>,
  ): Promise<T> {
    const { signal, timeoutMs } = options;
    signal?.throwIfAborted();
    try {
      return await run({
        ...(signal && { signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw errorFromStatus(error);
    }
  }

  return {
    async metadata(options = {}) {
      const { metadata } = await call(options, (rpcOptions) => rpc.metadata({}, rpcOptions));
      const { $typeName: _, $unknown: __, ...plain } = metadata ?? create(PluginMetadataSchema);
      return plain;
    },
    async validate(config, options = {}) {
      const request = { config: configToWire(config) };
      const { warnings } = await call(options, (rpcOptions) => rpc.validate(request, rpcOptions));
      return warnings;
    },
    async connect(config, options = {}) {
      const request = { config: configToWire(config) };
      await call(options, (rpcOptions) => rpc.connect(request, rpcOptions));
    },
    async disconnect(options = {}) {
      await call(options, (rpcOptions) => rpc.disconnect({}, rpcOptions));
    },
    async send(message, options = {}) {
      const request = { message: messageToWire(message) };
      const { receipt } = await call(options, (rpcOptions) => rpc.send(request, rpcOptions));
      if (!receipt)
        throw new PluginError('INTERNAL', 'the connector answered Send without a receipt');
      return { messageId: receipt.messageId, headers: receipt.headers, payload: receipt.payload };
    },
    async receive(options = {}) {
      const request = { explicitAck: true };
      const { delivery } = await call(options, (rpcOptions) => rpc.receive(request, rpcOptions));
      if (!delivery)
        throw new PluginError('INTERNAL', 'the connector answered Receive with nothing');
      return deliveryFromWire(delivery);
    },
    async acknowledge(settlements, options = {}) {
      const request = { settlements: settlements.map(settlementToWire) };
      const answer = await call(options, (rpcOptions) => rpc.acknowledge(request, rpcOptions));
      return answer.unknownDeliveryIds;
    },
    sendStream: (options = {}) => openSendStream(rpc, options),
    receiveStream: (options = {}) => openReceiveStream(rpc, options),
    async health(options = {}) {
      const { status, details } = await call(options, (rpcOptions) => rpc.health({}, rpcOptions));
      return { status: status === HealthResponse_Status.DEGRADED ? 'degraded' : 'ok', details };
    },
  };
}

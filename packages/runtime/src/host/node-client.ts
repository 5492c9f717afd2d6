import { create } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import { PluginMetadataSchema } from '../gen/vrsky/connector/v1/config_pb.ts';
import {
  HealthResponse_Status,
  type ConnectionNode as Service,
} from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import { configToWire } from '../wire/config.ts';
import { call } from './call.ts';
import type { ConnectionNode } from './connection-node.ts';
import { openReceiveStream } from './receive-stream.ts';
import type { Route } from './route.ts';
import { openSendStream } from './send-stream.ts';

/** The typed client of one connector process. */
export function createNodeClient(rpc: Client<typeof Service>, route: Route): ConnectionNode {
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
    send: (message, options = {}) => route.send(message, options),
    receive: (options = {}) => route.receive(options),
    acknowledge: (settlements, options = {}) => route.acknowledge(settlements, options),
    sendStream: (options = {}) => openSendStream(route, options),
    receiveStream: (options = {}) => openReceiveStream(route, options),
    async health(options = {}) {
      const { status, details } = await call(options, (rpcOptions) => rpc.health({}, rpcOptions));
      return { status: status === HealthResponse_Status.DEGRADED ? 'degraded' : 'ok', details };
    },
  };
}

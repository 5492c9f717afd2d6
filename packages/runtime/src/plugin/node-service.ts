import type { ServiceImpl } from '@connectrpc/connect';
import { http2StreamKey } from '@vrsky/go-plugin';
import { PluginError } from '../contract/plugin-error.ts';
import type { Secrets } from '../contract/secrets.ts';
import {
  type ConnectionNode,
  HealthResponse_Status,
} from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import { configFromWire } from '../wire/config.ts';
import { messageFromWire } from '../wire/message.ts';
import { deliveryToWire, settlementFromWire } from '../wire/settlement.ts';
import {
  itemsFromWire,
  receiptToWire,
  receiveRequestFromWire,
  receiveResponseToWire,
  sendResponseToWire,
} from '../wire/streams.ts';
import { callerOf } from './caller.ts';
import type { Connector } from './connector.ts';
import type { HostLink } from './host-link.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { MessageCalls } from './message-calls.ts';
import { metadataOf } from './metadata.ts';
import { serveSession } from './stream.ts';

const SEND_STREAM = { fromRequest: itemsFromWire, toResponse: sendResponseToWire };
const RECEIVE_STREAM = { fromRequest: receiveRequestFromWire, toResponse: receiveResponseToWire };

export interface NodeParts {
  readonly connector: Connector;
  readonly lifecycle: Lifecycle;
  readonly link: HostLink;
  readonly secrets: Secrets;
  readonly calls: MessageCalls;
}

/** The specification's ConnectionNode and its streams, on top of the lifecycle. */
export function createNodeService(parts: NodeParts): ServiceImpl<typeof ConnectionNode> {
  const { connector, lifecycle, link, secrets, calls } = parts;
  const learn = (wire: Parameters<typeof configFromWire>[0]): ReturnType<typeof configFromWire> => {
    const config = configFromWire(wire);
    secrets.addCredentials(config.credentials);
    return config;
  };

  return {
    metadata() {
      const metadata = metadataOf(connector);
      return {
        metadata: {
          ...metadata,
          supportedTypes: [...metadata.supportedTypes],
          capabilities: [...metadata.capabilities],
        },
      };
    },
    async validate({ config }, { signal }) {
      const warnings = await lifecycle.validate(learn(config), signal);
      return { warnings: warnings.map((warning) => secrets.redact(warning)) };
    },
    async connect({ config }, { signal }) {
      await lifecycle.connect(learn(config), signal);
      return {};
    },
    async disconnect(_, { signal, timeoutMs }) {
      await lifecycle.disconnect(signal, timeoutMs());
      return {};
    },
    async send({ message }, { signal }) {
      return {
        receipt: receiptToWire(await calls.send(messageFromWire(message), callerOf(signal))),
      };
    },
    async receive({ explicitAck }, { values, signal, timeoutMs }) {
      const stream = values.get(http2StreamKey);
      if (!stream) throw new PluginError('INTERNAL', 'Receive needs to see its HTTP/2 stream');
      return {
        delivery: deliveryToWire(
          await calls.receive(explicitAck, stream, callerOf(signal, timeoutMs())),
        ),
      };
    },
    async acknowledge({ settlements }) {
      return { unknownDeliveryIds: await calls.acknowledge(settlements.map(settlementFromWire)) };
    },
    sendStream(requests, { signal }) {
      return serveSession(calls.openSendStream(), requests, signal, SEND_STREAM);
    },
    receiveStream(requests, { signal }) {
      return serveSession(calls.openReceiveStream(), requests, signal, RECEIVE_STREAM);
    },
    async health(_, { signal }) {
      const { status, details } = await lifecycle.health(signal);
      const { OK, DEGRADED } = HealthResponse_Status;
      return { status: status === 'ok' ? OK : DEGRADED, details: secrets.redactEach(details) };
    },
    async attachHost({ brokerId, identity }, { signal }) {
      await link.attach(brokerId, identity && pickIdentity(identity), signal);
      return {};
    },
  };
}

function pickIdentity(wire: { customerId: string; tenantId: string; integrationId: string }): {
  customerId: string;
  tenantId: string;
  integrationId: string;
} {
  const { customerId, tenantId, integrationId } = wire;
  return { customerId, tenantId, integrationId };
}

import type { ServiceImpl } from '@connectrpc/connect';
import { http2StreamKey } from '@vrsky/go-plugin';
import type { Message } from '../contract/message.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { Secrets } from '../contract/secrets.ts';
import type { Settlement } from '../contract/settlement.ts';
import {
  type ConnectionNode,
  HealthResponse_Status,
} from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import { configFromWire } from '../wire/config.ts';
import { messageFromWire } from '../wire/message.ts';
import { settlementFromWire } from '../wire/settlement.ts';
import type { Connector } from './connector.ts';
import type { HostLink } from './host-link.ts';
import { checkIdentity } from './identity.ts';
import type { Lifecycle } from './lifecycle.ts';
import { metadataOf } from './metadata.ts';
import { receiveWithAck, receiveWithoutAck } from './receive.ts';
import { receiveStream } from './receive-stream.ts';
import { sendStream } from './send-stream.ts';

export interface NodeParts {
  readonly connector: Connector;
  readonly lifecycle: Lifecycle;
  readonly link: HostLink;
  readonly secrets: Secrets;
  /** Makes any failure one that may be told to the host. */
  readonly toPluginError: (thrown: unknown) => PluginError;
}

/** The specification's ConnectionNode and its streams, on top of the lifecycle. */
export function createNodeService(parts: NodeParts): ServiceImpl<typeof ConnectionNode> {
  const { connector, lifecycle, link, secrets, toPluginError } = parts;
  const learn = (wire: Parameters<typeof configFromWire>[0]): ReturnType<typeof configFromWire> => {
    const config = configFromWire(wire);
    for (const value of Object.values(config.credentials)) secrets.add(value);
    return config;
  };

  const check = (message: Message): void => {
    if (!message.id) {
      throw new PluginError('INVALID_MESSAGE', 'the message has no id', { field: 'message.id' });
    }
    checkIdentity(message, link.identity);
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
      return { warnings: await lifecycle.validate(learn(config), signal) };
    },
    async connect({ config }, { signal }) {
      await lifecycle.connect(learn(config), signal);
      return {};
    },
    async disconnect(_, { signal }) {
      await lifecycle.disconnect(signal);
      return {};
    },
    async send(request, { signal }) {
      const message = messageFromWire(request.message);
      const { outbox } = lifecycle;
      check(message);
      const receipt = await outbox.send(message, signal);
      return {
        receipt: {
          messageId: receipt.messageId,
          headers: receipt.headers,
          payload: receipt.payload,
        },
      };
    },
    async receive({ explicitAck }, context) {
      const stream = context.values.get(http2StreamKey);
      if (!stream) throw new PluginError('INTERNAL', 'Receive needs to see its HTTP/2 stream');
      const receive = explicitAck ? receiveWithAck : receiveWithoutAck;
      return { delivery: await receive(lifecycle, stream, context.signal) };
    },
    async acknowledge({ settlements }) {
      const unknownDeliveryIds = await settleAll(lifecycle, settlements.map(settlementFromWire));
      return { unknownDeliveryIds };
    },
    sendStream(requests, { signal }) {
      return sendStream({ outbox: lifecycle.outbox, check, toPluginError }, requests, signal);
    },
    receiveStream(requests, { signal }) {
      return receiveStream(lifecycle.deliveries, requests, signal);
    },
    async health() {
      const { status, details } = await lifecycle.health();
      const { OK, DEGRADED } = HealthResponse_Status;
      return { status: status === 'ok' ? OK : DEGRADED, details };
    },
    async attachHost({ brokerId, identity }, { signal }) {
      await link.attach(brokerId, identity && pickIdentity(identity), signal);
      return {};
    },
  };
}

async function settleAll(
  lifecycle: Lifecycle,
  settlements: readonly Settlement[],
): Promise<string[]> {
  const { settling } = lifecycle;
  const known = await Promise.all(settlements.map((settlement) => settling.settle(settlement)));
  return settlements.filter((_, i) => !known[i]).map(({ deliveryId }) => deliveryId);
}

function pickIdentity(wire: { customerId: string; tenantId: string; integrationId: string }): {
  customerId: string;
  tenantId: string;
  integrationId: string;
} {
  const { customerId, tenantId, integrationId } = wire;
  return { customerId, tenantId, integrationId };
}

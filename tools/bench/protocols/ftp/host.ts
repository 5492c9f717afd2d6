import type { Message } from '@vrsky/runtime';
import { PluginError } from '@vrsky/runtime';
import { type ConnectorProcess, launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';
import { credentials } from '../../../testing/proftpd.ts';

const zero = Temporal.Duration.from({ seconds: 0 });
/** Above the usual one: files of 16 MiB are messages that are larger than that. */
const maxMessageBytes = 64 * 2 ** 20;

/** The executable, connected with the server, and driven by the TypeScript host client. */
export async function connect(
  command: string,
  port: number,
  settings: Record<string, string | number | boolean | { checks: number }>,
): Promise<ConnectorProcess> {
  const config = {
    ...{ id: 'bench', name: 'bench', type: 'ftp', credentials },
    settings: { host: '127.0.0.1', port, ...settings },
    timeout: zero,
    retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
  };
  const connector = await launchConnector({
    command,
    maxMessageBytes,
    log: pino({ level: 'silent' }),
    hostFunctions: {
      getSecret: async (name) => {
        throw new PluginError('NOT_FOUND', `no secret "${name}"`);
      },
      log: () => {},
      recordMetric: () => {},
      getConfiguration: () => config,
    },
  });
  await connector.node.connect(config);
  return connector;
}

/** Receives and acks so many messages; resolves when the last one is settled outside. */
export async function receiveAll({ node }: ConnectorProcess, count: number): Promise<void> {
  const stream = node.receiveStream();
  stream.grant(1024, 2 ** 30);
  const settling: Promise<unknown>[] = [];
  let left = count;
  for await (const { deliveries } of stream.frames) {
    const acks = deliveries.map(({ deliveryId }) => ({ deliveryId, outcome: 'ack' as const }));
    settling.push(node.acknowledge(acks));
    left -= deliveries.length;
    if (left === 0) break;
  }
  await Promise.all(settling);
}

/** Sends messages, so many at once. */
export async function sendAll(
  { node }: ConnectorProcess,
  messages: readonly Message[],
  atOnce: number,
): Promise<void> {
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let message = messages[next++]; message; message = messages[next++]) {
      await node.send(message, { timeoutMs: 30_000 });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, sender));
}

export function messageOf(name: string, payload: Buffer): Message {
  const metadata = {
    ...{ customerId: '', tenantId: '', integrationId: '', source: '', destination: '' },
    ...{ correlationId: '', traceId: '' },
  };
  const headers = { 'ftp.fileName': name };
  const contentType = 'application/octet-stream';
  return { id: name, payload, contentType, metadata, headers, timestamp: undefined };
}

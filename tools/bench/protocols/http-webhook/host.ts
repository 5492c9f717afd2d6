// node host.ts EXECUTABLE: a host that takes webhooks over a ReceiveStream and acks each at once.
import { PluginError, sizeOf } from '@vrsky/runtime';
import { launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';

const CREDIT = { messages: 1024, bytes: 8 * 2 ** 20 };
const zero = Temporal.Duration.from({ seconds: 0 });
const config = {
  id: 'bench',
  name: 'bench',
  type: 'http-webhook',
  settings: { host: '127.0.0.1', port: 0 },
  credentials: {},
  timeout: zero,
  retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
};

const connector = await launchConnector({
  command: process.argv[2] ?? '',
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
const { port } = (await connector.node.health()).details;
process.send?.({ port: Number(port), connector: connector.pid });

let over = false;
process.once('disconnect', () => {
  over = true;
  void connector.kill();
});
const stream = connector.node.receiveStream();
stream.grant(CREDIT.messages, CREDIT.bytes);
try {
  for await (const { deliveries } of stream.frames) {
    stream.settle(deliveries.map(({ deliveryId }) => ({ deliveryId, outcome: 'ack' as const })));
    const bytes = deliveries.reduce((sum, { message }) => sum + sizeOf(message), 0);
    stream.grant(deliveries.length, bytes);
  }
} catch (error) {
  if (!over) throw error;
}

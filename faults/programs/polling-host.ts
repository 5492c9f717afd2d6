import { setTimeout as after } from 'node:timers/promises';
import { hclogLogger } from '../../packages/go-plugin/src/logs/logger.ts';
import { launchConnector } from '../../packages/runtime/src/host/index.ts';
import { configOfRequest } from '../../packages/runtime/test/fixtures/connect-request.ts';

/**
 * A TypeScript platform with little patience: it calls Receive again and again under random deadlines and cancellations,
 * and acks and prints the payload of each message that a call returned.
 *
 *   polling-host.ts MAX_MS WORKERS BASE64 EXECUTABLE [ARG...]
 *
 * BASE64 is an encoded ConnectRequest. It prints "ready" when it is connected, and ends when its standard input does.
 */
const [maxMs = '', workers = '', request = '', command = '', ...args] = process.argv.slice(2);

const connector = await launchConnector({
  command,
  args,
  log: hclogLogger({ name: 'host', level: 'warn' }),
  hostFunctions: {
    getSecret: () => Promise.reject(new Error('there are no secrets')),
    log: () => {},
    recordMetric: () => {},
    getConfiguration: () => configOfRequest(request),
  },
});
const { node } = connector;
await node.connect(configOfRequest(request));
console.log('ready');

let over = false;
process.stdin.resume().once('end', () => {
  over = true;
});
await Promise.all(Array.from({ length: Number(workers) }, poll));
await node.disconnect();
await connector.kill();

async function poll(): Promise<void> {
  while (!over) {
    const patienceMs = Math.random() * Number(maxMs);
    const cancel = new AbortController();
    const isDeadline = Math.random() < 0.5;
    if (!isDeadline) void after(patienceMs).then(() => cancel.abort());
    const limits = isDeadline ? { timeoutMs: patienceMs } : { signal: cancel.signal };
    try {
      const { message, deliveryId } = await node.receive(limits);
      await node.acknowledge([{ deliveryId, outcome: 'ack' }]);
      console.log(Buffer.from(message.payload).toString());
    } catch (error) {
      const { name } = error as Error;
      if (name !== 'TimeoutError' && name !== 'AbortError') console.error(error);
    }
  }
}

import { setTimeout as after } from 'node:timers/promises';
import { hclogLogger } from '../../packages/go-plugin/src/logs/logger.ts';
import { launchConnector } from '../../packages/runtime/src/host/index.ts';
import { configOfRequest } from '../../packages/runtime/test/fixtures/connect-request.ts';

/**
 * A TypeScript platform with little patience: it calls Receive again and again under random deadlines and cancellations,
 * and acks what a call returned.
 *
 *   polling-host.ts MAX_MS WORKERS COUNT BASE64 EXECUTABLE
 *
 * BASE64 is an encoded ConnectRequest. It prints {} when it is connected, and {"received":N,"distinct":N} when COUNT
 * distinct payloads have arrived, or nothing new has for 30 s.
 */
const [maxMs = '', workers = '', count = '', request = '', command = ''] = process.argv.slice(2);
const STALLED_MS = 30_000;
/** After so many misses in a row calls get more time: on a slow machine none may be quick enough. */
const PATIENT_AFTER = 20;

const connector = await launchConnector({
  command,
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
console.log('{}');

const seen = new Set<string>();
let received = 0;
let lastNewAt = performance.now();
await Promise.all(Array.from({ length: Number(workers) }, poll));
console.log(JSON.stringify({ received, distinct: seen.size }));
await node.disconnect();
await connector.kill();

async function poll(): Promise<void> {
  let misses = 0;
  while (seen.size < Number(count) && performance.now() - lastNewAt < STALLED_MS) {
    const patienceMs = Math.random() * Number(maxMs) * (1 + misses / PATIENT_AFTER);
    misses = (await receive(patienceMs)) ? 0 : misses + 1;
  }
}

async function receive(patienceMs: number): Promise<boolean> {
  const cancel = new AbortController();
  const isDeadline = Math.random() < 0.5;
  if (!isDeadline) void after(patienceMs).then(() => cancel.abort());
  const limits = isDeadline ? { timeoutMs: patienceMs } : { signal: cancel.signal };
  try {
    const { message, deliveryId } = await node.receive(limits);
    await node.acknowledge([{ deliveryId, outcome: 'ack' }]);
    const text = Buffer.from(message.payload).toString();
    received += 1;
    if (!seen.has(text)) lastNewAt = performance.now();
    seen.add(text);
    return true;
  } catch (error) {
    const { name } = error as Error;
    if (name !== 'TimeoutError' && name !== 'AbortError') console.error(error);
    return false;
  }
}

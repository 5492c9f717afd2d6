import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { onTestFinished } from 'vitest';
import { type Mosquitto, startMosquitto } from '../../tools/testing/mosquitto.ts';
import { startTcpProxy, type TcpProxy } from '../../tools/testing/tcp-proxy.ts';
import { numberOf, payloadOf } from './numbered.ts';

/**
 * What one publisher has under way. Not more, because mosquitto goes above the Receive Maximum of its
 * subscribers by what it takes in at a time, and all of that comes again when a link is lost.
 */
const WINDOW = 40;
const CONFIRMED_MS = 5000;

/** A broker that drops nothing, and a link to it that can be cut. */
export async function brokerWithLink(): Promise<{
  broker: Mosquitto;
  link: TcpProxy;
  url: string;
}> {
  const config = ['max_queued_messages 0'];
  const broker = await startMosquitto({ config });
  const link = await startTcpProxy(broker.port);
  onTestFinished(async () => {
    await link.close();
    await broker.remove();
  });
  return { broker, link, url: `mqtt://127.0.0.1:${link.port}` };
}

async function persistentClient(url: string, clientId: string): Promise<MqttClient> {
  const client = await connectAsync(url, {
    clientId,
    protocolVersion: 5,
    clean: false,
    reconnectPeriod: 50,
    properties: { sessionExpiryInterval: 3600 },
  });
  client.on('error', () => {});
  onTestFinished(() => client.endAsync(true));
  return client;
}

/**
 * Publishes the numbers from 0, each until the broker has confirmed it.
 * @returns how often one was published once more
 */
export async function publishNumbers(
  url: string,
  count: number,
  qos: 1 | 2,
  bytes: number,
): Promise<number> {
  const client = await persistentClient(url, 'publisher');
  let next = 0;
  let repeated = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const n = next++;
      while (!(await confirmed(client, n, qos, bytes))) repeated += 1;
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, work));
  return repeated;
}

/** False: nobody knows. MQTT.js forgets the promises of some publishes when a link breaks. */
async function confirmed(
  client: MqttClient,
  n: number,
  qos: 1 | 2,
  bytes: number,
): Promise<boolean> {
  const limit = new AbortController();
  try {
    return await Promise.race([
      client.publishAsync('numbers', payloadOf(n, bytes), { qos }).then(() => true),
      sleep(CONFIRMED_MS, false, { signal: limit.signal }),
    ]);
  } catch {
    return false;
  } finally {
    limit.abort();
  }
}

/** What a subscriber gets that the broker keeps a session for. */
export async function collectNumbers(
  url: string,
): Promise<{ readonly numbers: Map<number, number>; readonly count: number }> {
  const numbers = new Map<number, number>();
  let count = 0;
  const client = await persistentClient(url, 'collector');
  client.on('message', (_topic, payload) => {
    const n = numberOf(payload);
    numbers.set(n, (numbers.get(n) ?? 0) + 1);
    count += 1;
  });
  await client.subscribeAsync('numbers', { qos: 2 });
  return {
    numbers,
    get count() {
      return count;
    },
  };
}

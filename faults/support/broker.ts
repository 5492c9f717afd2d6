import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { onTestFinished, vi } from 'vitest';
import { type Mosquitto, startMosquitto } from '../../tools/testing/mosquitto.ts';
import { startTcpProxy, type TcpProxy } from '../../tools/testing/tcp-proxy.ts';
import { numberOf, payloadOf } from './numbered.ts';

/** What the publisher has under way: mosquitto's Receive Maximum, which MQTT.js does not heed by itself. */
const WINDOW = 20;
const AHEAD = 200;
const LOOK_EVERY_MS = 20;
/** Longer than any fault. */
const PATIENCE_MS = 90_000;

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
 * Publishes the numbers from 0, each until the broker has confirmed it, and not far ahead of those that
 * have arrived: mosquitto sends what it has queued for a session that comes back all at once, above the
 * Receive Maximum of its subscriber, and all of that comes again when the link is lost.
 * @returns how often one was published once more
 */
export async function publishNumbers(
  url: string,
  count: number,
  qos: 1 | 2,
  bytes: number,
  arrived: () => number,
): Promise<number> {
  let known = 0;
  const watch = setInterval(() => {
    known = arrived();
  }, LOOK_EVERY_MS);
  onTestFinished(() => clearInterval(watch));
  let connection = connectOnce(url);
  onTestFinished(async () => (await connection).client.endAsync(true));
  let next = 0;
  let repeated = 0;
  const work = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      await vi.waitUntil(() => n - known < AHEAD, {
        timeout: PATIENCE_MS,
        interval: LOOK_EVERY_MS,
      });
      for (;;) {
        const mine = connection;
        const { client, closed } = await mine;
        const sent = client.publishAsync('numbers', payloadOf(n, bytes), { qos });
        if (await Promise.race([sent.then(() => true), closed]).catch(() => false)) break;
        repeated += 1;
        if (connection === mine) connection = connectOnce(url);
      }
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, work));
  return repeated;
}

/** A client for one connection: over several, MQTT.js waits for each stored message by itself. */
async function connectOnce(
  url: string,
): Promise<{ readonly client: MqttClient; readonly closed: Promise<false> }> {
  for (;;) {
    try {
      const options = { protocolVersion: 5, reconnectPeriod: 0 } as const;
      const client = await connectAsync(url, options, false);
      client.on('error', () => {});
      return {
        client,
        closed: new Promise((resolve) => client.once('close', () => resolve(false))),
      };
    } catch {
      await sleep(50); // the broker is on its way
    }
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

import { chownSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { startOutside } from '../connectors/ftp/test/support/connections.ts';
import { isRoot, owner } from '../tools/testing/file-server.ts';
import { needs } from '../tools/testing/require-program.ts';
import { brokerWithLink, publishNumbers } from './support/broker.ts';
import { tempFolder } from './support/folder.ts';
import { freePort } from './support/free-port.ts';
import { type Connection, type Language, startPollingHost } from './support/polling.ts';
import { sendAll } from './support/senders.ts';

const MESSAGES = Number(process.env['MESSAGES'] ?? 10_000);
const SENDERS = 16;
const PATIENCE_MS = 900_000;
const STALL_MS = 30_000;

/** Something outside, and what sends the numbers 0 to MESSAGES - 1 there once the host is connected. */
interface Outside {
  readonly connection: Connection;
  send(received: () => number): Promise<unknown>;
}

const outsides: Record<string, () => Promise<Outside>> = {
  async HTTP() {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    return {
      connection: connectionOf('http', 'http-webhook', { host: '127.0.0.1', port }),
      send: () => sendAll(url, MESSAGES, SENDERS, () => {}),
    };
  },
  async 'MQTT QoS 1'() {
    const { broker } = await brokerWithLink();
    const settings = { brokers: [broker.url], subscriptions: [{ filter: 'numbers', qos: 1 }] };
    return {
      connection: connectionOf('mqtt', 'mqtt-subscribe', settings),
      async send(received) {
        await vi.waitUntil(() => broker.log().includes('Sending SUBACK'), { timeout: 20_000 });
        await publishNumbers(broker.url, MESSAGES, 1, 0, received);
      },
    };
  },
  async SFTP() {
    const server = await startOutside('proftpd sftp');
    const from = join(server.drop, 'from');
    mkdirSync(from);
    if (isRoot) chownSync(from, owner.uid, owner.gid);
    const settings = {
      ...server.settings,
      host: '127.0.0.1',
      directory: '/drop/from',
      direction: 'incoming',
      stability: { checks: 0 },
      pollIntervalMs: 200,
    };
    const { credentials } = server.connection;
    return {
      connection: { ...connectionOf('ftp', 'sftp', settings), credentials },
      async send() {
        for (let n = 0; n < MESSAGES; n += 1) {
          const path = join(server.folder, 'unfinished');
          writeFileSync(path, String(n));
          if (isRoot) chownSync(path, owner.uid, owner.gid);
          renameSync(path, join(from, `${n}.txt`));
        }
      },
    };
  },
};

function connectionOf(name: string, type: string, settings: Connection['settings']): Connection {
  const command = fileURLToPath(new URL(`../dist/bin/${name}-connector`, import.meta.url));
  return { command, type, settings };
}

const languages: Language[] = ['Go', 'Python', 'TypeScript'];
const cases = Object.keys(outsides).flatMap((outside) =>
  languages.map((language) => ({ outside, language })),
);
const programs = ['go', 'python3', 'mosquitto', 'proftpd'];

describe.runIf(programs.every(needs))('Receive under short deadlines and cancellations', () => {
  test.for(cases)(
    `$language: none of ${MESSAGES} messages of $outside is missing`,
    { timeout: PATIENCE_MS },
    async ({ outside, language }) => {
      const { connection, send } = await (outsides[outside] as () => Promise<Outside>)();
      const host = await startPollingHost(language, connection, tempFolder());
      const { received } = host;
      const begun = performance.now();
      await send(() => received.size);
      await vi
        .waitUntil(() => received.size >= MESSAGES, { timeout: STALL_MS, interval: 50 })
        .catch(() => {});
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      await host.stop();
      const copies = [...received.values()].reduce((sum, times) => sum + times, 0);
      const missing = MESSAGES - received.size;
      console.log(
        `${language}, ${outside}: ${MESSAGES} messages in ${seconds} s: missing ${missing}, twice ${copies - received.size}`,
      );
      expect(missing).toBe(0);
    },
  );
});

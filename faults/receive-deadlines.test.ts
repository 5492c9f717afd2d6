import { chownSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { isRoot, owner } from '../tools/testing/file-server.ts';
import { credentials, sftpLines, startProftpd } from '../tools/testing/proftpd.ts';
import { needs } from '../tools/testing/require-program.ts';
import { brokerWithLink, publishNumbers } from './support/broker.ts';
import { tempFolder } from './support/folder.ts';
import { freePort } from './support/free-port.ts';
import { type Polled, pollingHosts, startPollingHost } from './support/polling.ts';
import { sendAll } from './support/senders.ts';

const MESSAGES = 10_000;
const SENDERS = 16;
const LIMIT_MS = 900_000;

/** Something outside, and what sends the numbers 0 to MESSAGES - 1 there once a host is connected. */
interface Outside {
  readonly polled: Polled;
  send(): Promise<unknown>;
}

const outsides = { HTTP: webhook, 'MQTT QoS 1': subscription, SFTP: folder };
const cases = Object.entries(outsides).flatMap(([outside, start]) =>
  Object.entries(pollingHosts).map(([language, commandOf]) => ({
    outside,
    start,
    language,
    commandOf,
  })),
);
const needed = ['go', 'python3', 'mosquitto', 'proftpd'];

describe.runIf(needed.every(needs))('Receive under short deadlines and cancellations', () => {
  test.for(cases)(
    `none of ${MESSAGES} messages of $outside is missing for a host in $language`,
    { timeout: LIMIT_MS },
    async ({ outside, start, language, commandOf }) => {
      const { polled, send } = await start();
      const host = await startPollingHost(commandOf(polled, MESSAGES), tempFolder());
      const begun = performance.now();
      const [{ received, distinct }] = await Promise.all([host.counts, send()]);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      console.log(
        `${outside}, ${language}: ${MESSAGES} messages in ${seconds} s: ` +
          `missing ${MESSAGES - distinct}, twice ${received - distinct}`,
      );
      expect(distinct).toBe(MESSAGES);
    },
  );
});

async function webhook(): Promise<Outside> {
  const port = await freePort();
  return {
    polled: polledOf('http', 'http-webhook', { host: '127.0.0.1', port }),
    send: () => sendAll(`http://127.0.0.1:${port}/`, MESSAGES, SENDERS, () => {}),
  };
}

async function subscription(): Promise<Outside> {
  const { broker } = await brokerWithLink();
  const settings = { brokers: [broker.url], subscriptions: [{ filter: 'numbers', qos: 1 }] };
  return {
    polled: polledOf('mqtt', 'mqtt-subscribe', settings),
    async send() {
      // What is published before there is a subscription is lost by the protocol.
      await vi.waitUntil(() => broker.log().includes('Sending SUBACK'), { timeout: 20_000 });
      await publishNumbers(broker.url, MESSAGES, 1, 0, () => MESSAGES);
    },
  };
}

async function folder(): Promise<Outside> {
  const server = await startProftpd(sftpLines);
  onTestFinished(async () => {
    await server.stop();
    server.remove();
  });
  const from = join(server.drop, 'from');
  mkdirSync(from);
  const giveAway = (path: string): void => {
    if (isRoot) chownSync(path, owner.uid, owner.gid);
  };
  giveAway(from);
  const settings = {
    host: '127.0.0.1',
    port: server.port,
    allowAnyHostKey: true,
    directory: '/drop/from',
    direction: 'incoming',
    stability: { checks: 0 },
    pollIntervalMs: 200,
  };
  return {
    polled: { ...polledOf('ftp', 'sftp', settings), credentials },
    async send() {
      for (let n = 0; n < MESSAGES; n += 1) {
        const path = join(server.folder, 'unfinished');
        writeFileSync(path, String(n));
        giveAway(path);
        renameSync(path, join(from, `${n}.txt`));
      }
    },
  };
}

function polledOf(name: string, type: string, settings: Polled['settings']): Polled {
  const command = fileURLToPath(new URL(`../dist/bin/${name}-connector`, import.meta.url));
  return { command, type, settings };
}

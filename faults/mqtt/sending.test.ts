import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Mosquitto } from '../../tools/testing/mosquitto.ts';
import { needs } from '../../tools/testing/require-program.ts';
import type { TcpProxy } from '../../tools/testing/tcp-proxy.ts';
import type { SendingHostOptions } from '../programs/sending-host.ts';
import { brokerWithLink, collectNumbers } from '../support/broker.ts';
import { publishingTo } from '../support/connectors.ts';
import { tempFolder } from '../support/folder.ts';
import { watchMemory } from '../support/memory.ts';
import { missingOf, tableIn } from '../support/numbers.ts';
import { pause } from '../support/pause.ts';
import { type Program, programs, startProgram } from '../support/program.ts';
import { report } from '../support/report.ts';

const MESSAGES = 20_000;
const BYTES = 256;
const KEEPALIVE_MS = 2000;
/** Of a SendStream: what may be unknown after a kill. */
const MOST_UNDER_WAY = 1024;

interface Scene {
  readonly broker: Mosquitto;
  readonly link: TcpProxy;
  readonly host: Program;
}

const faults: { name: string; times: number; strike: (scene: Scene) => Promise<void> }[] = [
  {
    name: 'SIGTERM of the broker',
    times: 3,
    strike: async ({ broker }) => {
      await broker.stop('SIGTERM');
      await broker.start();
    },
  },
  { name: 'cut of the link', times: 10, strike: async ({ link }) => link.cut() },
  {
    name: 'kill -9 of the connector',
    times: 3,
    strike: async ({ host }) => {
      for (const pid of host.children()) process.kill(pid, 'SIGKILL');
    },
  },
  {
    name: 'SIGSTOP of the broker for twice the keep-alive',
    times: 1,
    strike: ({ broker }) => pause(broker.pid, 2 * KEEPALIVE_MS),
  },
];

describe.runIf(needs('mosquitto'))('an MQTT publisher', () => {
  const cases = faults.flatMap((fault) => ([1, 2] as const).map((qos) => ({ ...fault, qos })));

  test.for(cases)(
    'of QoS $qos loses nothing under $times x $name',
    { timeout: 150_000 },
    async ({ name, times, strike, qos }) => {
      const folder = tempFolder();
      const store = join(folder, 'host.db');
      const { broker, link, url } = await brokerWithLink();
      const collected = await collectNumbers(broker.url);
      const options: SendingHostOptions = {
        ...publishingTo(url, qos),
        store,
        count: MESSAGES,
        bytes: BYTES,
      };
      const attempts = tableIn(store, 'attempts');
      const known = tableIn(store, "attempts WHERE outcome = 'sent'");
      const begun = performance.now();
      const host = startProgram(programs.sendingHost, [JSON.stringify(options)], folder);
      const memory = watchMemory(host);
      for (let i = 1; i <= times; i += 1) {
        const at = Math.round((MESSAGES * i) / (times + 1));
        const reached = (): boolean => collected.numbers.size >= at && host.children().length > 0;
        await vi.waitUntil(reached, { timeout: 60_000, interval: 5 });
        await strike({ broker, link, host });
      }
      await vi.waitUntil(() => known.distinct() === MESSAGES, { timeout: 90_000, interval: 100 });
      await vi.waitUntil(() => collected.numbers.size === MESSAGES, { timeout: 30_000 });
      const ms = performance.now() - begun;
      expect(await host.stop()).toBe(0);
      const duplicates = collected.count - collected.numbers.size;
      report({
        what: `MQTT sending, QoS ${qos}`,
        messages: MESSAGES,
        faults: `${times} x ${name}`,
        lost: missingOf(MESSAGES, new Set(collected.numbers.keys())).length,
        duplicates,
        ms,
        memory,
      });
      // Only what has failed is sent again, so only its outcome was not known.
      expect(attempts.rows() - MESSAGES).toBeLessThanOrEqual(times * MOST_UNDER_WAY);
    },
  );
});

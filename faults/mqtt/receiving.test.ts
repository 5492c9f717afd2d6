import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Mosquitto } from '../../tools/testing/mosquitto.ts';
import { needs } from '../../tools/testing/require-program.ts';
import type { TcpProxy } from '../../tools/testing/tcp-proxy.ts';
import type { ReceivingHostOptions, ReceivingHostReport } from '../programs/receiving-host.ts';
import { brokerWithLink, publishNumbers } from '../support/broker.ts';
import { subscribedTo } from '../support/connectors.ts';
import { tempFolder } from '../support/folder.ts';
import { watchMemory } from '../support/memory.ts';
import { missingOf, type Table, tableIn } from '../support/numbers.ts';
import { pause } from '../support/pause.ts';
import { type Program, programs, startProgram } from '../support/program.ts';
import { report } from '../support/report.ts';

const MESSAGES = 20_000;
const BYTES = 256;
/** Of the connector, by default. */
const WINDOW = 100;
const KEEPALIVE_MS = 2000;
const MANNER = { messages: 1024, bytes: 8 * 2 ** 20, acks: 1 } as const;

interface Scene {
  readonly broker: Mosquitto;
  readonly link: TcpProxy;
  readonly host: Program;
  readonly arrivals: Table;
}

interface Fault {
  readonly name: string;
  readonly times: number;
  /** After how many of them the broker sends what is not acked again. */
  readonly cuts: number;
  readonly strike: (scene: Scene) => Promise<void>;
}

const faults: Fault[] = [
  {
    name: 'SIGTERM of the broker',
    times: 3,
    cuts: 3,
    strike: async ({ broker }) => {
      await broker.stop('SIGTERM');
      await broker.start();
    },
  },
  { name: 'cut of the link', times: 10, cuts: 10, strike: async ({ link }) => link.cut() },
  {
    name: 'kill -9 of the connector with a full window',
    times: 3,
    cuts: 3,
    strike: async ({ host }) => {
      const told = (): number => (host.told as Partial<ReceivingHostReport>).received ?? 0;
      const before = told();
      host.tell({ manner: { ...MANNER, acks: 0 } });
      await vi.waitUntil(() => told() - before >= WINDOW, { timeout: 30_000, interval: 2 });
      const [pid = 0] = host.children();
      process.kill(pid, 'SIGKILL');
      host.tell({ manner: MANNER });
      await vi.waitUntil(() => host.children().some((one) => one !== pid), {
        timeout: 30_000,
        interval: 5,
      });
    },
  },
  {
    name: 'SIGSTOP of the broker for twice the keep-alive',
    times: 1,
    cuts: 1,
    strike: ({ broker }) => pause(broker.pid, 2 * KEEPALIVE_MS),
  },
  {
    name: 'SIGSTOP of the host, which holds a full window, for three times the keep-alive',
    times: 1,
    cuts: 0,
    strike: async ({ host, link }) => {
      const before = link.accepted;
      await pause(host.pid, 3 * KEEPALIVE_MS);
      expect(link.accepted).toBe(before);
    },
  },
];

describe.runIf(needs('mosquitto'))('an MQTT subscription', () => {
  const cases = faults.flatMap((fault) => ([1, 2] as const).map((qos) => ({ ...fault, qos })));

  test.for(cases)(
    '40: of QoS $qos loses nothing under $times x $name',
    { timeout: 120_000 },
    async ({ name, times, cuts, strike, qos }) => {
      const folder = tempFolder();
      const store = join(folder, 'host.db');
      const { broker, link, url } = await brokerWithLink();
      const options: ReceivingHostOptions = { ...subscribedTo(url, qos), store, manner: MANNER };
      const arrivals = tableIn(store, 'arrivals');
      const host = startProgram(programs.receivingHost, [JSON.stringify(options)], folder);
      const memory = watchMemory(host);
      // What is published before there is a session is nobody's.
      await vi.waitUntil(() => broker.log().includes('Sending SUBACK'), { timeout: 20_000 });
      const begun = performance.now();
      const publishing = publishNumbers(broker.url, MESSAGES, qos, BYTES, arrivals.distinct);
      for (let i = 1; i <= times; i += 1) {
        const at = Math.round((MESSAGES * i) / (times + 1));
        await vi.waitUntil(() => arrivals.rows() >= at, { timeout: 60_000, interval: 5 });
        await strike({ broker, link, host, arrivals });
      }
      const repeated = await publishing;
      await vi.waitUntil(() => arrivals.distinct() === MESSAGES, {
        timeout: 60_000,
        interval: 100,
      });
      const ms = performance.now() - begun;
      expect(await host.stop()).toBe(0);
      const duplicates = arrivals.rows() - arrivals.distinct();
      report({
        what: `MQTT receiving, QoS ${qos}`,
        messages: MESSAGES,
        faults: `${times} x ${name}`,
        lost: missingOf(MESSAGES, arrivals.numbers()).length,
        duplicates,
        ms,
        memory,
      });
      expect(duplicates).toBeLessThanOrEqual(cuts * 3 * WINDOW + repeated);
    },
  );
});

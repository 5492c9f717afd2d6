import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { ConnectorOptions } from './programs/connector.ts';
import type { ReceivingHostOptions, ReceivingHostReport } from './programs/receiving-host.ts';
import { makeCgroup, whyNoCgroups } from './support/cgroup.ts';
import { webhookOn } from './support/connectors.ts';
import { tempFolder } from './support/folder.ts';
import { freePort } from './support/free-port.ts';
import { listening } from './support/listening.ts';
import { watchMemory } from './support/memory.ts';
import { tableIn } from './support/numbers.ts';
import { type Program, programs, startProgram } from './support/program.ts';
import { report } from './support/report.ts';
import { isAccepted, postAll } from './support/senders.ts';

const MIB = 2 ** 20;
/** Of 256 MiB. */
const PEAK_BYTES = 240 * MIB;
/** More than the connector can hold, and not so many that half a CPU is long at it. */
const MESSAGES = 800;
const BYTES = MIB / 2;
const CONNECTIONS = 480;
const RETRY_AFTER_S = 2;
const TIMEOUT_MS = 300_000;

/** So that memory alone bounds what is held. */
const openDoor = {
  maxInFlight: 100_000,
  maxInFlightBytes: 100_000 * MIB,
  ackTimeoutMs: 600_000,
  retryAfterSeconds: RETRY_AFTER_S,
  timeouts: { headersMs: 120_000, requestMs: 120_000 },
};

const why = whyNoCgroups();
const mayBeSkipped = `(may be skipped: ${why ?? 'it needs cgroups, and has them'})`;
test.skipIf(why)(
  `in a cgroup of 256 MiB and half a CPU, a flood is pushed back and passes ${mayBeSkipped}`,
  async () => {
    const cgroup = makeCgroup({ memoryBytes: 256 * MIB, cpus: 0.5 });
    const within = (options: ConnectorOptions) => cgroup.command(options.command);
    await flood('a cgroup of 256 MiB and half a CPU', within);
    expect(cgroup.oomKills()).toBe(0);
  },
  TIMEOUT_MS,
);

test(
  'with VRSKY_MEMORY_LIMIT=256Mi, a flood is pushed back and passes',
  async () => {
    await flood('VRSKY_MEMORY_LIMIT=256Mi', () => ({ env: { VRSKY_MEMORY_LIMIT: '256Mi' } }));
  },
  TIMEOUT_MS,
);

/** Webhooks that nobody takes, until the door is closed and a while longer; then the host takes them all. */
async function flood(
  what: string,
  limited: (options: ConnectorOptions) => Partial<ConnectorOptions>,
): Promise<void> {
  const folder = tempFolder();
  const store = join(folder, 'host.db');
  const port = await freePort();
  const connector = webhookOn(port, openDoor);
  const options: ReceivingHostOptions = {
    ...connector,
    ...limited(connector),
    store,
    manner: { messages: 0, bytes: 0, acks: 1 },
  };
  const host = startProgram(programs.receivingHost, [JSON.stringify(options)], folder);
  const memory = watchMemory(host);
  await listening(port);
  const connectors = host.children();
  const begun = performance.now();
  const webhooks = postWebhooks(port);

  const closed = 'memory is at 90 % of its limit: no new messages are taken';
  await vi.waitUntil(() => host.log().includes(closed) && webhooks.pushedBack() >= 1000, {
    timeout: 60_000,
    interval: 50,
  });
  expect(host.log()).toContain('memory is at 80 % of its limit');
  expect(await healthOf(host)).toBe('degraded');
  expect(webhooks.accepted.size).toBe(0);

  host.tell({ manner: { messages: 1024, bytes: 8 * MIB, acks: 1 } });
  const open = 'memory has recovered: new messages are taken again';
  await vi.waitUntil(() => host.log().includes(open), { timeout: 60_000, interval: 100 });
  await webhooks.done;
  const ms = performance.now() - begun;
  await vi.waitUntil(async () => (await healthOf(host)) === 'ok', { timeout: 10_000 });
  expect(host.children()).toEqual(connectors);
  expect(await host.stop()).toBe(0);

  const arrivals = tableIn(store, 'arrivals');
  const stored = arrivals.numbers();
  expect(webhooks.accepted.size).toBe(MESSAGES);
  report({
    what: `webhooks of 512 KiB, ${what}`,
    messages: MESSAGES,
    faults: `a host that takes nothing, then all; ${webhooks.pushedBack()} tries pushed back`,
    lost: [...webhooks.accepted].filter((n) => !stored.has(n)).length,
    duplicates: arrivals.rows() - arrivals.distinct(),
    ms,
    memory,
    limitBytes: PEAK_BYTES,
  });
}

function postWebhooks(port: number): {
  readonly accepted: ReadonlySet<number>;
  /** How many tries were answered 503 and Retry-After. */
  pushedBack(): number;
  readonly done: Promise<void>;
} {
  const head = 12;
  const tail = Buffer.alloc(BYTES - head, '.');
  const bodyOf = (n: number): Buffer[] => [Buffer.from(String(n).padEnd(head)), tail];
  const accepted = new Set<number>();
  let pushedBack = 0;
  const url = `http://127.0.0.1:${port}/`;
  const done = postAll(url, MESSAGES, CONNECTIONS, bodyOf, async ({ status, retryAfter }, n) => {
    if (isAccepted(status)) {
      accepted.add(n);
      return true;
    }
    if (status === 503 && retryAfter === String(RETRY_AFTER_S)) pushedBack += 1;
    await sleep(RETRY_AFTER_S * 1000); // as a sender that heeds Retry-After
    return false;
  });
  return { accepted, pushedBack: () => pushedBack, done };
}

async function healthOf(host: Program): Promise<string> {
  const before = host.told['health'];
  host.tell({ health: true });
  await vi.waitUntil(() => host.told['health'] !== before, { timeout: 10_000 });
  const health = host.told['health'] as ReceivingHostReport['health'];
  return health?.status ?? '';
}

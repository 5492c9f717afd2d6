import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Manner, ReceivingHostOptions } from './programs/receiving-host.ts';
import { numbered, webhookOn } from './support/connectors.ts';
import { tempFolder } from './support/folder.ts';
import { freePort } from './support/free-port.ts';
import { listening } from './support/listening.ts';
import { expectFlat, watchMemory } from './support/memory.ts';
import { missingOf, tableIn } from './support/numbers.ts';
import { programs, startProgram } from './support/program.ts';
import { report, SOURCE_LIMIT_BYTES } from './support/report.ts';
import { isAccepted, postAll, smallBody } from './support/senders.ts';

const MESSAGES = 100_000;
/** Of one connection: so much is handed out and not settled, and no more. */
const MOST_HELD = 1024;
const MOST_HELD_BYTES = 64 * 2 ** 20;
const willing: Manner = { messages: MOST_HELD, bytes: 64 * 2 ** 20, acks: 1 };
const insatiable: Manner = { messages: 2 ** 31, bytes: 2 ** 40, acks: 0 };

function startHost(folder: string, options: Omit<ReceivingHostOptions, 'store'>) {
  const store = join(folder, 'host.db');
  const host = startProgram(
    programs.receivingHost,
    [JSON.stringify({ ...options, store })],
    folder,
  );
  return { host, arrivals: tableIn(store, 'arrivals') };
}

test('a host that grants no credit is handed nothing, and senders are pushed back', async () => {
  const folder = tempFolder();
  const port = await freePort();
  const { host, arrivals } = startHost(folder, {
    ...webhookOn(port, { maxInFlight: 64, ackTimeoutMs: 500 }),
    manner: { messages: 0, bytes: 64 * 2 ** 20, acks: 1 },
  });
  const memory = watchMemory(host);
  const url = `http://127.0.0.1:${port}/`;
  await listening(port);
  const answers = { refused: 0, other: 0 };
  const flat = expectFlat(memory);
  const begun = performance.now();
  await postAll(url, MESSAGES, 128, smallBody, async ({ status, retryAfter }) => {
    if (status === 503 && retryAfter === '5') answers.refused += 1;
    else answers.other += 1;
    flat.after((answers.refused + answers.other) / MESSAGES);
    return true;
  });
  const ms = performance.now() - begun;
  expect(answers).toEqual({ refused: MESSAGES, other: 0 });
  expect(arrivals.rows()).toBe(0);
  flat.atEnd();

  host.tell({ manner: willing });
  const accepted: number[] = [];
  await postAll(url, 1000, 16, smallBody, async ({ status }, n) => {
    if (isAccepted(status)) accepted.push(n);
    return isAccepted(status);
  });
  const stored = arrivals.numbers();
  const lost = accepted.filter((n) => !stored.has(n)).length;
  const faults = 'a host without credit, all answered 503; then it takes 1000';
  report({ what: 'webhooks', messages: MESSAGES, faults, lost, duplicates: 0, ms, memory });
  expect(await host.stop()).toBe(0);
}, 120_000);

test('a host that never acks holds a bounded part, which comes again and again', async () => {
  const folder = tempFolder();
  const outside = join(folder, 'outside.db');
  const settings = { file: outside, count: MESSAGES, bytes: 256, ackTimeoutMs: 100 };
  const { host, arrivals } = startHost(folder, {
    ...numbered('numbered-in', settings),
    manner: insatiable,
  });
  const acks = tableIn(outside, 'acks');
  const memory = watchMemory(host);
  const flat = expectFlat(memory);
  const begun = performance.now();
  await vi.waitUntil(
    () => {
      flat.after(arrivals.rows() / MESSAGES);
      return arrivals.rows() >= MESSAGES;
    },
    { timeout: 60_000, interval: 50 },
  );
  const ms = performance.now() - begun;
  flat.atEnd();
  expect(arrivals.distinct()).toBe(MOST_HELD);
  expect(acks.rows()).toBe(0);
  // Each hand-out is a new delivery.
  expect(arrivals.query('SELECT count(*) - count(DISTINCT delivery) FROM arrivals')).toEqual([0]);
  const duplicates = arrivals.rows() - arrivals.distinct();

  host.tell({ manner: willing });
  await vi.waitUntil(() => acks.distinct() === MESSAGES, { timeout: 60_000, interval: 100 });
  const lost = missingOf(MESSAGES, arrivals.numbers()).length;
  const faults = `handed out, never acked, ${MOST_HELD} at a time`;
  report({
    what: 'ReceiveStream',
    messages: MESSAGES,
    faults,
    lost,
    duplicates,
    ms,
    memory,
    limitBytes: SOURCE_LIMIT_BYTES,
  });
  expect(acks.rows()).toBe(MESSAGES);
  expect(await host.stop()).toBe(0);
}, 120_000);

test('a host that never acks large messages holds 64 MiB of them', async () => {
  const folder = tempFolder();
  const bytes = 2 ** 20;
  const handedOut = 500;
  const settings = { file: join(folder, 'outside.db'), count: 1000, bytes, ackTimeoutMs: 1000 };
  const begun = performance.now();
  const { host, arrivals } = startHost(folder, {
    ...numbered('numbered-in', settings),
    manner: insatiable,
  });
  const memory = watchMemory(host);
  await vi.waitUntil(() => arrivals.rows() >= handedOut, { timeout: 60_000, interval: 50 });
  const ms = performance.now() - begun;
  const held = arrivals.distinct();
  expect(held).toBe(MOST_HELD_BYTES / bytes);
  report({
    what: 'ReceiveStream of 1 MiB messages',
    messages: arrivals.rows(),
    faults: `handed out, never acked, ${held} at a time`,
    lost: 0,
    duplicates: arrivals.rows() - held,
    ms,
    memory,
    // What is held, and once more for what is on its way of it.
    limitBytes: SOURCE_LIMIT_BYTES + MOST_HELD_BYTES,
  });
  expect(await host.stop()).toBe(0);
}, 90_000);

test('a host that acks everything twice is told so, and nothing is acked twice outside', async () => {
  const folder = tempFolder();
  const outside = join(folder, 'outside.db');
  const settings = { file: outside, count: MESSAGES, bytes: 256 };
  const begun = performance.now();
  const { host, arrivals } = startHost(folder, {
    ...numbered('numbered-in', settings),
    manner: { ...willing, acks: 2 },
  });
  const acks = tableIn(outside, 'acks');
  const memory = watchMemory(host);
  await vi.waitUntil(() => host.told['unknown'] === MESSAGES && acks.rows() === MESSAGES, {
    timeout: 60_000,
    interval: 50,
  });
  const ms = performance.now() - begun;
  expect(await host.stop()).toBe(0);
  expect(host.told).toEqual({ received: MESSAGES, unknown: MESSAGES });
  expect(acks.distinct()).toBe(MESSAGES);
  const lost = missingOf(MESSAGES, arrivals.numbers()).length;
  const duplicates = arrivals.rows() - arrivals.distinct();
  const faults = 'acked twice, each second ack reported as unknown';
  report({
    what: 'ReceiveStream',
    messages: MESSAGES,
    faults,
    lost,
    duplicates,
    ms,
    memory,
    limitBytes: SOURCE_LIMIT_BYTES,
  });
  expect(duplicates).toBe(0);
}, 90_000);

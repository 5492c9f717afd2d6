import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { ReceivingHostOptions } from './programs/receiving-host.ts';
import { numbered } from './support/connectors.ts';
import { tempFolder } from './support/folder.ts';
import { carryOut, killsDuring } from './support/kills.ts';
import { watchMemory } from './support/memory.ts';
import { missingOf, tableIn } from './support/numbers.ts';
import { programs, startProgram } from './support/program.ts';
import { report, SOURCE_LIMIT_BYTES } from './support/report.ts';

const MESSAGES = 100_000;
const KILLS = 10;
/** A connection hands out no more at a time. */
const MOST_HELD = 1024;

test('a receive stream under kill -9 of both sides loses nothing, and acks outside only what is stored', async () => {
  const folder = tempFolder();
  const outside = join(folder, 'outside.db');
  const store = join(folder, 'host.db');
  const options: ReceivingHostOptions = {
    ...numbered('numbered-in', { file: outside, count: MESSAGES, bytes: 256 }),
    store,
    manner: { messages: MOST_HELD, bytes: 8 * 2 ** 20, acks: 1 },
  };
  const acks = tableIn(outside, 'acks');
  const arrivals = tableIn(store, 'arrivals');
  /** In this order: what is acked by the first look must be stored by the second. */
  const ackedNotStored = (): number[] => {
    const acked = acks.numbers();
    const stored = arrivals.numbers();
    return [...acked].filter((n) => !stored.has(n));
  };
  const begun = performance.now();
  const host = startProgram(programs.receivingHost, [JSON.stringify(options)], folder);
  const memory = watchMemory(host);
  await carryOut(killsDuring(MESSAGES, KILLS), host, acks.rows, () => {
    expect(ackedNotStored()).toEqual([]);
  });
  await vi.waitUntil(() => acks.distinct() === MESSAGES, { timeout: 60_000, interval: 100 });
  const ms = performance.now() - begun;
  expect(await host.stop()).toBe(0);

  const duplicates = arrivals.rows() - arrivals.distinct();
  report({
    what: 'ReceiveStream',
    messages: MESSAGES,
    faults: `${KILLS} x kill -9`,
    lost: missingOf(MESSAGES, arrivals.numbers()).length,
    duplicates,
    ms,
    memory,
    limitBytes: SOURCE_LIMIT_BYTES,
  });
  // Only the end of a stream, by a kill, brings a message again: never the same stream.
  const twice = 'SELECT n FROM arrivals GROUP BY n, life HAVING count(*) > 1';
  expect(arrivals.query(twice)).toEqual([]);
  expect(duplicates).toBeLessThanOrEqual(KILLS * MOST_HELD);
}, 150_000);

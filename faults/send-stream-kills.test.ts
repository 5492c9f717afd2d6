import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { SendingHostOptions } from './programs/sending-host.ts';
import { numbered } from './support/connectors.ts';
import { tempFolder } from './support/folder.ts';
import { carryOut, killsDuring } from './support/kills.ts';
import { watchMemory } from './support/memory.ts';
import { missingOf, tableIn } from './support/numbers.ts';
import { programs, startProgram } from './support/program.ts';
import { report, SOURCE_LIMIT_BYTES } from './support/report.ts';

const MESSAGES = 100_000;
const KILLS = 10;

test('a send stream under kill -9 of both sides loses nothing, and repeats only what has an unknown outcome', async () => {
  const folder = tempFolder();
  const outside = join(folder, 'outside.db');
  const store = join(folder, 'host.db');
  const options: SendingHostOptions = {
    ...numbered('numbered-out', { file: outside, count: MESSAGES, bytes: 256 }),
    store,
    count: MESSAGES,
    bytes: 256,
  };
  const sent = tableIn(outside, 'sent');
  const attempts = tableIn(store, 'attempts');
  const known = tableIn(store, "attempts WHERE outcome = 'sent'");
  const begun = performance.now();
  const host = startProgram(programs.sendingHost, [JSON.stringify(options)], folder);
  const memory = watchMemory(host);
  await carryOut(killsDuring(MESSAGES, KILLS), host, sent.rows, () => {});
  await vi.waitUntil(() => known.distinct() === MESSAGES, { timeout: 60_000, interval: 100 });
  const ms = performance.now() - begun;
  expect(await host.stop()).toBe(0);

  report({
    what: 'SendStream',
    messages: MESSAGES,
    faults: `${KILLS} x kill -9`,
    lost: missingOf(MESSAGES, sent.numbers()).length,
    duplicates: sent.rows() - sent.distinct(),
    ms,
    memory,
    limitBytes: SOURCE_LIMIT_BYTES,
  });
  // The last attempt at each message is the only one known to have succeeded.
  const repeated = `SELECT n FROM attempts GROUP BY n
    HAVING sum(outcome = 'sent') <> 1 OR max(id) <> max(iif(outcome = 'sent', id, 0))`;
  expect(attempts.query(repeated)).toEqual([]);
  // Of all others nothing is known: the stream was lost, or this host was killed.
  expect(attempts.query('SELECT DISTINCT outcome FROM attempts ORDER BY outcome')).toEqual([
    null,
    'CONNECTION_FAILED',
    'sent',
  ]);
  // What arrived more often than it was attempted was repeated by somebody else.
  const arrived = timesIn(sent.query('SELECT n FROM sent'));
  const attempted = timesIn(attempts.query('SELECT n FROM attempts'));
  expect([...arrived].filter(([n, times]) => times > (attempted.get(n) ?? 0))).toEqual([]);
}, 150_000);

function timesIn(numbers: unknown[]): Map<unknown, number> {
  const times = new Map<unknown, number>();
  for (const n of numbers) times.set(n, (times.get(n) ?? 0) + 1);
  return times;
}

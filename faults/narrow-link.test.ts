import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { ReceivingHostOptions } from './programs/receiving-host.ts';
import type { SendingHostOptions } from './programs/sending-host.ts';
import { numbered, overNarrowLink, restTo } from './support/connectors.ts';
import { numbersAt, startEndpoint } from './support/endpoint.ts';
import { tempFolder } from './support/folder.ts';
import { watchMemory } from './support/memory.ts';
import { missingOf, tableIn } from './support/numbers.ts';
import { programs, startProgram } from './support/program.ts';
import { report, SOURCE_LIMIT_BYTES } from './support/report.ts';

const MESSAGES = 100_000;
const BYTES = 1024;
/** Both ways through 64 KiB at a time, and no faster than 16 MiB/s: every buffer behind it fills. */
const LINK = 'over a link of 64 KiB buffers';

test('a receive stream over a narrow link loses nothing, and nothing heaps up behind it', async () => {
  const folder = tempFolder();
  const outside = join(folder, 'outside.db');
  const store = join(folder, 'host.db');
  const options: ReceivingHostOptions = {
    ...overNarrowLink(numbered('numbered-in', { file: outside, count: MESSAGES, bytes: BYTES })),
    store,
    manner: { messages: 1024, bytes: 8 * 2 ** 20, acks: 1 },
    narrow: true,
  };
  const acks = tableIn(outside, 'acks');
  const arrivals = tableIn(store, 'arrivals');
  const begun = performance.now();
  const host = startProgram(programs.receivingHost, [JSON.stringify(options)], folder);
  const memory = watchMemory(host);
  await vi.waitUntil(() => acks.rows() === MESSAGES, { timeout: 60_000, interval: 50 });
  const ms = performance.now() - begun;
  expect(await host.stop()).toBe(0);
  const lost = missingOf(MESSAGES, arrivals.numbers()).length;
  const duplicates = arrivals.rows() - arrivals.distinct();
  const faults = `${LINK} and HTTP/2 windows`;
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

test('a send stream over a narrow link loses nothing, and nothing heaps up behind it', async () => {
  const folder = tempFolder();
  const endpoint = await startEndpoint();
  const options: SendingHostOptions = {
    ...overNarrowLink(restTo(endpoint.url)),
    store: join(folder, 'host.db'),
    count: MESSAGES,
    bytes: BYTES,
  };
  const begun = performance.now();
  const host = startProgram(programs.sendingHost, [JSON.stringify(options)], folder);
  const memory = watchMemory(host);
  await vi.waitUntil(() => endpoint.arrived.size === MESSAGES, { timeout: 90_000, interval: 50 });
  const ms = performance.now() - begun;
  expect(await host.stop()).toBe(0);
  const { lost, duplicates } = numbersAt(endpoint, MESSAGES);
  report({ what: 'SendStream', messages: MESSAGES, faults: LINK, lost, duplicates, ms, memory });
  expect(duplicates).toBe(0);
}, 120_000);

import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { collectGarbage } from '../src/contract/garbage.ts';
import { type GuardOptions, MemoryGuard } from '../src/plugin/memory/guard.ts';
import { memoryLimit } from '../src/plugin/memory/limit.ts';
import { reservedBytes } from '../src/plugin/memory/reserve.ts';
import { openMemoryUsage } from '../src/plugin/memory/usage.ts';

const MIB = 2 ** 20;
const never = new AbortController().signal;

describe('the memory guard', () => {
  let guard: MemoryGuard;
  let bytes: number;
  let lines: { level: number; msg: string }[];
  let metrics: number[];
  let options: GuardOptions;
  let now: number;
  beforeEach(() => {
    guard = new MemoryGuard();
    lines = [];
    metrics = [];
    now = 0;
    options = {
      limitBytes: 100 * MIB,
      usage: () => bytes,
      log: pino({}, { write: (line) => lines.push(JSON.parse(line)) }),
      onMetric: (used) => metrics.push(used),
    };
  });

  function measure(mebibytes: number): boolean {
    bytes = mebibytes * MIB;
    now += 100;
    guard.measure(options, now);
    return guard.open;
  }
  const told = (): string[] => lines.map(({ msg }) => msg);

  test('is open, and says nothing, below 80 %', () => {
    expect(measure(79)).toBe(true);
    expect(told()).toEqual([]);
    expect(metrics).toEqual([]);
  });

  test('collects garbage when 8 MiB have come, and otherwise every quarter of a second', () => {
    let looks = 0;
    const at = (mebibytes: number, ms: number): boolean => {
      looks = 0;
      const usage = (): number => {
        looks += 1;
        return mebibytes * MIB;
      };
      guard.measure({ ...options, usage }, ms);
      return looks > 1; // once more, after the collection
    };
    expect([at(79, 0), at(81, 10), at(82, 20), at(89, 30), at(90, 40), at(90, 281)]).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  test('warns at 80 %, once, and records the metric', () => {
    expect([measure(80), measure(85), measure(89)]).toEqual([true, true, true]);
    expect(told()).toEqual(['memory is at 80 % of its limit']);
    expect(metrics).toEqual([80 * MIB]);
  });

  test('closes at 90 %, and opens again below 85 %, not before', async () => {
    expect(measure(90)).toBe(false);
    const opened = guard.whenOpen(never).then(() => 'opened');
    expect(measure(85)).toBe(false);
    expect(measure(84)).toBe(true);
    expect(await opened).toBe('opened');
    expect(told()).toEqual([
      'memory is at 80 % of its limit',
      'memory is at 90 % of its limit: no new messages are taken',
      'memory has recovered: new messages are taken again',
    ]);
  });

  test('warns again when memory was low in between', () => {
    for (const mebibytes of [81, 70, 82]) measure(mebibytes);
    expect(told()).toHaveLength(2);
  });

  // Twice, because it comes in pieces and is put together.
  test('counts twice what was let in and is not here yet, and closes before it is too much', () => {
    measure(50);
    expect([guard.expect(10 * MIB), guard.expect(8 * MIB)]).toEqual([true, true]);
    expect(guard.expect(2 * MIB)).toBe(false);
    expect(told()).toEqual(['memory is at 90 % of its limit: no new messages are taken']);
    // What comes makes room for nothing, what does not come does.
    guard.arrived(10 * MIB);
    expect(measure(70)).toBe(false);
    guard.giveUp(8 * MIB);
    expect(measure(70)).toBe(true);
    expect(guard.expect(9 * MIB)).toBe(true);
  });

  test('what has arrived since the last measurement counts', () => {
    measure(50);
    expect(guard.expect(15 * MIB)).toBe(true);
    guard.arrived(15 * MIB);
    expect(guard.expect(5 * MIB)).toBe(false);
  });

  test('lets a caller go who waits no longer', async () => {
    measure(95);
    const caller = new AbortController();
    const waiting = guard.whenOpen(caller.signal);
    caller.abort(new Error('tired'));
    await expect(waiting).rejects.toThrow('tired');
  });
});

describe('the limit of memory', () => {
  test.each([
    ['268435456', 256 * MIB],
    ['1024Ki', MIB],
    ['256Mi', 256 * MIB],
    ['2Gi', 2048 * MIB],
  ])('may be configured as %s', (text, expected) => {
    expect(memoryLimit({ VRSKY_MEMORY_LIMIT: text })).toBe(expected);
  });

  test.each(['256MB', '0', '-1', 'much'])('must not be %s', (text) => {
    expect(() => memoryLimit({ VRSKY_MEMORY_LIMIT: text })).toThrow(
      'VRSKY_MEMORY_LIMIT: expected bytes such as 268435456 or 256Mi',
    );
  });
});

test('the usage counts what the process allocates, without its files', () => {
  const usage = openMemoryUsage();
  const before = usage();
  const held = Buffer.alloc(64 * MIB, 1);
  expect(usage() - before).toBeGreaterThan(48 * MIB);
  expect(usage()).toBeLessThan(process.memoryUsage.rss());
  expect(held).toHaveLength(64 * MIB);
});

test('the usage counts little of what was freed, also where the kernel has not got it back', async () => {
  // Pieces of this size are no mappings of their own.
  const pieces = Array.from({ length: 2000 }, () => Buffer.alloc(100 * 1024, 1));
  const usage = openMemoryUsage();
  const before = usage();
  const kept = pieces.filter((_, i) => i % 100 === 0);
  pieces.length = 0;
  collectGarbage('major');
  // V8 frees buffers in the background.
  await expect.poll(() => before - usage()).toBeGreaterThan(40 * MIB);
  expect(kept).toHaveLength(20);
});

test('what the sockets may read at once is reserved, up to an eighth of the limit', async () => {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const before = reservedBytes(256 * MIB);
  const clients = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  await expect.poll(() => reservedBytes(256 * MIB) - before).toBe(40 * 64 * 1024); // both ends
  expect(reservedBytes(8 * MIB)).toBe((8 / 8 + 8 / 16) * MIB);
  for (const client of clients) client.destroy();
  server.close();
  await once(server, 'close');
  await expect.poll(() => reservedBytes(256 * MIB)).toBe(before);
});

import { expect, test } from 'vitest';
import { allCases, isUsual, selectCases } from '../src/cases.ts';
import { messageBytes } from '../src/message.ts';

const names = allCases().map(({ name }) => name);

test('no two cases have the same name', () => {
  expect(new Set(names).size).toBe(names.length);
});

test('both directions are measured with every size, as unary calls and as streams', () => {
  for (const size of ['100B', '1KiB', '64KiB', '1MiB']) {
    for (const call of ['send', 'receive']) {
      expect(names).toContain(`${call}/${size}/1-in-flight`);
      expect(names).toContain(`${call}/${size}/64-in-flight/mtls`);
      expect(names).toContain(`${call}-stream/${size}/1-per-batch/mtls`);
    }
  }
});

test('a stream is compared with a unary case that exists', () => {
  const streams = allCases().filter(({ unary }) => unary !== undefined);
  expect(streams.length).toBeGreaterThan(20);
  for (const { unary } of streams) expect(names).toContain(unary);
});

test('no frame is above the limits of the protocol', () => {
  for (const { name, options } of allCases()) {
    const { batch = 1, payloadBytes = 0 } = options;
    expect(batch, name).toBeLessThanOrEqual(256);
    if (batch > 1) expect(batch * messageBytes(payloadBytes), name).toBeLessThanOrEqual(2 ** 20);
  }
});

test('patterns select cases; without any, the usual ones or all', () => {
  const selected = selectCases(['^send/1KiB/1-', 'slow-host'], false).map(({ name }) => name);
  expect(selected).toEqual([
    'send/1KiB/1-in-flight',
    'send/1KiB/1-in-flight/mtls',
    'memory/slow-host/1KiB/1M',
  ]);
  expect(selectCases([], false)).toEqual(allCases().filter(isUsual));
  expect(selectCases([], true)).toEqual(allCases());
  expect(() => selectCases(['sand'], false)).toThrow('No case matches sand');
});

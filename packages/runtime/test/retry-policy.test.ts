import { backoffMs, type RetryPolicy, resolveRetryPolicy } from '@vrsky/runtime';
import { expect, test } from 'vitest';

const ms = (milliseconds: number) => Temporal.Duration.from({ milliseconds });
const zeros = { maxRetries: 0, backoffMultiplier: 0, initialBackoff: ms(0), maxBackoff: ms(0) };

/** The waits before the first seven retries. */
function waitsOf(policy: RetryPolicy): number[] {
  const resolved = resolveRetryPolicy(policy);
  return [1, 2, 3, 4, 5, 6, 7].map((retry) => backoffMs(resolved, retry));
}

test('by default waits double from 1 s up to 30 s', () => {
  const doubled = [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
  expect(waitsOf(zeros)).toEqual(doubled);
  expect(waitsOf({ ...zeros, maxRetries: 7 })).toEqual(doubled);
});

test('each part of a policy is taken by itself, and maxBackoff bounds every wait', () => {
  expect(waitsOf({ ...zeros, backoffMultiplier: 3 }).slice(0, 3)).toEqual([1000, 3000, 9000]);
  expect(waitsOf({ ...zeros, initialBackoff: ms(50) }).slice(0, 3)).toEqual([50, 100, 200]);
  expect(new Set(waitsOf({ ...zeros, maxBackoff: ms(200) }))).toEqual(new Set([200]));
});

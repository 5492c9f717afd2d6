import { PluginError, type ResolvedRetryPolicy } from '@vrsky/runtime';
import { describe, expect, test } from 'vitest';
import { judge, type RetryRules } from '../src/deliver/retries.ts';

const policy: ResolvedRetryPolicy = {
  maxRetries: 2,
  backoffMultiplier: 2,
  initialBackoffMs: 100,
  maxBackoffMs: 1000,
  maxRetryAfterMs: 300_000,
};
const HOUR = 3_600_000;
const outage = new PluginError('SERVER_ERROR', 'answered 503');
const other = new PluginError('SEND_FAILED', 'again, please');

/** The waits between attempts that fail like this, each made when its wait is over; the message dies after the last. */
function waits(rules: RetryRules, failures: Iterable<PluginError>): number[] {
  let progress = { attempts: 0, outages: 0, outageSince: undefined as number | undefined };
  let now = 1_700_000_000_000;
  const found: number[] = [];
  for (const failure of failures) {
    const verdict = judge(failure, progress, rules, now);
    progress = { ...progress, ...verdict.progress };
    if (verdict.retryInMs === undefined) return found;
    found.push(verdict.retryInMs);
    now += verdict.retryInMs;
  }
  throw new Error('the message did not die');
}

function* forever(failure: PluginError): Generator<PluginError> {
  for (;;) yield failure;
}

describe('with a retry policy', () => {
  test.each([
    outage,
    other,
    new PluginError('NOT_CONNECTED', 'x'),
    new PluginError('TIMEOUT', 'x'),
  ])('$code has exactly maxRetries retries', (failure) => {
    expect(waits({ policy }, forever(failure))).toEqual([100, 200]);
  });

  test('waiting for an open circuit is no retry', () => {
    const open = new PluginError('CONNECTION_FAILED', 'x', {
      reason: 'CIRCUIT_OPEN',
      retryAfterMs: 700,
    });
    const failures = [open, outage, open, open, outage, open, outage];
    expect(waits({ policy }, failures)).toEqual([700, 100, 700, 700, 200, 700]);
  });
});

test.each(['NOT_CONNECTED', 'CONNECTION_FAILED', 'TIMEOUT', 'SEND_FAILED', 'MADE_UP'])(
  '%s that is not recoverable is a dead letter at once, with retry and without',
  (code) => {
    const final = new PluginError(code, 'x', { recoverable: false, reason: 'CIRCUIT_OPEN' });
    for (const rules of [{ policy }, { policy, outageLimitMs: 24 * HOUR }]) {
      const none = { attempts: 0, outages: 0, outageSince: undefined };
      expect(judge(final, none, rules, 0)).toEqual({ progress: { ...none, attempts: 1 } });
    }
  },
);

describe('without a retry policy', () => {
  const rules = { policy, outageLimitMs: 24 * HOUR };

  test('an outage is waited for until its limit, by the backoff, with a last attempt at the limit', () => {
    const found = waits(rules, forever(outage));
    expect(found.slice(0, 5)).toEqual([100, 200, 400, 800, 1000]);
    expect(found.reduce((sum, wait) => sum + wait)).toBe(24 * HOUR);
  });

  test('what is no outage has its retries, before and after one', () => {
    expect(waits(rules, forever(other))).toEqual([100, 200]);
    const failures = [other, outage, outage, outage, other, other];
    expect(waits(rules, failures)).toEqual([100, 100, 200, 400, 200]);
  });
});

test('what a destination asks for is respected up to its bound', () => {
  const asks = (retryAfterMs: number): PluginError => {
    return new PluginError('RATE_LIMITED', 'x', { retryAfterMs });
  };
  expect(waits({ policy }, [asks(50), asks(5000), asks(1)])).toEqual([100, 5000]);
  expect(waits({ policy }, [asks(HOUR), asks(HOUR), asks(1)])).toEqual([300_000, 300_000]);
});

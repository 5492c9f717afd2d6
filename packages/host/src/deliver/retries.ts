import { backoffMs, type PluginError, type ResolvedRetryPolicy } from '@vrsky/runtime';
import type { Progress } from '../store/queue.ts';

export interface RetryRules {
  readonly policy: ResolvedRetryPolicy;
  /** How long a message waits for the end of an outage. Without it an outage has the policy's retries. */
  readonly outageLimitMs?: number;
}

export interface Verdict {
  readonly progress: Progress;
  /** Undefined: the message is a dead letter. */
  readonly retryInMs?: number;
}

/** What follows from a failed Send. The flag decides first, then what kind of failure it is. */
export function judge(
  failure: PluginError,
  before: Progress,
  { policy, outageLimitMs }: RetryRules,
  now: number,
): Verdict {
  if (failure.recoverable && failure.reason === 'CIRCUIT_OPEN') {
    // Not an attempt: nothing has left the connector.
    return waitOut(failure, before, 1);
  }
  const attempts = before.attempts + 1;
  if (!failure.recoverable) return { progress: { ...before, attempts } };
  if (failure.outage && outageLimitMs !== undefined) {
    const outages = before.outages + 1;
    return waitOut(failure, { ...before, attempts, outages }, outages);
  }
  const failures = outageLimitMs === undefined ? attempts : attempts - before.outages;
  const progress = { ...before, attempts };
  if (failures > policy.maxRetries) return { progress };
  return { progress, retryInMs: waitOf(failure, failures) };

  function waitOut(outage: PluginError, reached: Progress, retry: number): Verdict {
    const wait = waitOf(outage, retry);
    if (outageLimitMs === undefined) return { progress: reached, retryInMs: wait };
    const outageSince = reached.outageSince ?? now;
    const left = outageSince + outageLimitMs - now;
    const waiting = { progress: { ...reached, outageSince } };
    // The last attempt is made when the limit is reached, and not one wait earlier.
    return left > 0 ? { ...waiting, retryInMs: Math.min(wait, left) } : waiting;
  }

  function waitOf({ retryAfterMs = 0 }: PluginError, retry: number): number {
    return Math.max(backoffMs(policy, retry), Math.min(retryAfterMs, policy.maxRetryAfterMs));
  }
}

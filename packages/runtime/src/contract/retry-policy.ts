import type { RetryPolicy } from './connection-config.ts';

/** A RetryPolicy with its defaults filled in; times in milliseconds. */
export interface ResolvedRetryPolicy {
  readonly maxRetries: number;
  readonly backoffMultiplier: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  /** The most that is respected of an error's `retryAfterMs`. */
  readonly maxRetryAfterMs: number;
}

/** A destination that names an hour must not stop an integration for an hour, unless its policy says so. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * Zero values become 2.0, 1 s and 30 s; a policy of nothing but zeros retries 3 times. `maxBackoff`
 * bounds what a destination asks for as well; where it is zero, that is 5 minutes.
 */
export function resolveRetryPolicy(policy: RetryPolicy): ResolvedRetryPolicy {
  const initial = policy.initialBackoff.total('milliseconds');
  const max = policy.maxBackoff.total('milliseconds');
  const unset =
    policy.maxRetries === 0 && policy.backoffMultiplier === 0 && initial === 0 && max === 0;
  return {
    maxRetries: unset ? 3 : policy.maxRetries,
    backoffMultiplier: policy.backoffMultiplier || 2,
    initialBackoffMs: initial || 1000,
    maxBackoffMs: max || 30_000,
    maxRetryAfterMs: max || MAX_RETRY_AFTER_MS,
  };
}

/** Milliseconds to wait before retry number `retry` (1 = the first): 1 s, 2 s, 4 s … by default. */
export function backoffMs(policy: ResolvedRetryPolicy, retry: number): number {
  const grown = policy.initialBackoffMs * policy.backoffMultiplier ** (retry - 1);
  return Math.min(policy.maxBackoffMs, grown);
}

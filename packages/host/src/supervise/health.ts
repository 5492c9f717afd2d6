import { setTimeout as sleep } from 'node:timers/promises';
import type { Health } from '@vrsky/runtime';
import type { ConnectionNode } from '@vrsky/runtime/host';
import type { Logger } from 'pino';

const FAILURES_UNTIL_UNHEALTHY = 3;
const UNKNOWN: Health = { status: 'degraded', details: {} };

export interface HealthOptions {
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly log: Logger;
  /** Called once, with the first answer. */
  readonly onFirst: (health: Health) => void;
  /** The text of what Health threw, for the log. */
  readonly describe: (thrown: unknown) => string;
}

/** Polls Health: resolves with the reason when it has failed too often in a row; rejects on abort. */
export async function watchHealth(
  node: ConnectionNode,
  { everyMs, timeoutMs, log, onFirst, describe }: HealthOptions,
  signal: AbortSignal,
): Promise<string> {
  let failures = 0;
  for (let first = true; ; first = false) {
    let health = UNKNOWN;
    try {
      health = await node.health({ timeoutMs, signal });
      failures = 0;
    } catch (thrown) {
      signal.throwIfAborted();
      failures += 1;
      const reason = describe(thrown);
      log.warn({ failures }, `not healthy: ${reason}`);
      if (failures === FAILURES_UNTIL_UNHEALTHY) {
        return `Health failed ${failures} times, the last time with ${reason}`;
      }
    }
    if (first) onFirst(health);
    await sleep(everyMs, undefined, { signal });
  }
}

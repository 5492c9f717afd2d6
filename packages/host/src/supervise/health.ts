import { setTimeout as sleep } from 'node:timers/promises';
import type { Health, PluginError } from '@vrsky/runtime';
import type { ConnectionNode } from '@vrsky/runtime/host';
import type { Logger } from 'pino';
import { isAnswer } from './failure.ts';

const FAULTS_UNTIL_REPLACED = 3;
const UNKNOWN: Health = { status: 'degraded', details: {} };

export interface HealthOptions {
  readonly everyMs: number;
  /** Limit of one Health, above that of the connector's own look outside. */
  readonly timeoutMs: number;
  /** Limit of an answer for which the connector needs nothing from outside. */
  readonly answerMs: number;
  readonly log: Logger;
  /** Called once, with the first answer. */
  readonly onFirst: (health: Health) => void;
  /** Called after each failure, with how many there were in a row. */
  readonly onFailure: (error: PluginError, failures: number) => void;
  /** What Health threw, for the log. */
  readonly describe: (thrown: unknown) => PluginError;
}

/**
 * Polls Health and logs each change. Resolves with the reason to replace the connector: it has failed
 * to answer, or answered INTERNAL, three times in a row. What it says of the outside is none. Rejects
 * on abort.
 */
export async function watchHealth(
  node: ConnectionNode,
  options: HealthOptions,
  signal: AbortSignal,
): Promise<string> {
  const { everyMs, timeoutMs, answerMs, log, onFirst, onFailure, describe } = options;
  let last: Health['status'] | 'failed' = 'ok';
  let failures = 0;
  let faults = 0;
  for (let first = true; ; first = false) {
    let health = UNKNOWN;
    try {
      health = await node.health({ timeoutMs, signal });
      const { status, details } = health;
      failures = 0;
      faults = 0;
      if (status === 'degraded' && last !== status) log.warn({ details }, 'degraded');
      if (status === 'ok' && last !== status) log.info({ details }, 'healthy again');
      last = status;
    } catch (thrown) {
      signal.throwIfAborted();
      const error = describe(thrown);
      failures += 1;
      faults = (await isAnswer(thrown, node, answerMs)) ? 0 : faults + 1;
      log[failures === 1 ? 'warn' : 'debug']({ failures }, `not healthy: ${error.message}`);
      last = 'failed';
      onFailure(error, failures);
      if (faults === FAULTS_UNTIL_REPLACED) {
        return `Health failed ${faults} times, the last time with ${error.message}`;
      }
    }
    if (first) onFirst(health);
    await sleep(everyMs, undefined, { signal });
  }
}

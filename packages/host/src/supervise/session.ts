import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionConfig, Health, PluginError } from '@vrsky/runtime';
import type { ConnectionNode, ConnectorProcess } from '@vrsky/runtime/host';
import {
  type ConnectorOptions,
  connectionFailure,
  type Launched,
  launchFor,
  limits,
} from './connector.ts';
import { isAnswer } from './failure.ts';
import { watchHealth } from './health.ts';

/** Milliseconds; see `TIMINGS` for the values in use. */
export interface Timings {
  readonly healthEvery: number;
  /** Limit of an answer for which a connector needs nothing from outside. */
  readonly answer: number;
  readonly firstRestart: number;
  readonly lastRestart: number;
}

/** A connector process from its Connect to its end. */
export interface Link {
  readonly node: ConnectionNode;
  readonly pid: number;
  /** The connector's own id, as its metadata has it. */
  readonly connectorId: string;
  /** What it was connected with. */
  readonly config: ConnectionConfig;
}

export interface SessionEvents {
  /** Connect failed for now, and is repeated. */
  readonly onRefused: (error: PluginError, retryInMs: number) => void;
  /** It is connected. `fail` ends the session, with a reason. */
  readonly onConnected: (link: Link, fail: (reason: string) => void) => void;
  /** Its first Health is known, such as the port in use. */
  readonly onHealth: (link: Link, health: Health) => void;
  readonly onUnhealthy: (error: PluginError, failures: number) => void;
}

/** How long the end of a process that answers no more may take to be reported. */
export const EXIT_REPORT_MS = 1000;

/**
 * One connector process's life: Validate, Connect until it works, Health until the end. Resolves with why
 * it ended, and leaves no process.
 * @throws PluginError if it never came up: final, or a fault of the connector
 */
export async function runSession(
  options: ConnectorOptions,
  timings: Timings,
  events: SessionEvents,
  signal: AbortSignal,
): Promise<string> {
  const launched = await launchFor(options, signal);
  const { connector } = launched;
  const gone = new AbortController();
  void connector.exited.then(() => gone.abort());
  try {
    const ends = AbortSignal.any([signal, gone.signal]);
    await connect(options, launched, timings, events, ends);
    return await watch(options, launched, timings, events, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    if (await aborts(gone.signal, EXIT_REPORT_MS)) return await endOf(options, connector);
    throw thrown;
  } finally {
    await connector.kill();
  }
}

/** Validate and Connect. What fails for now is repeated in the same process: another one would find the same. */
async function connect(
  options: ConnectorOptions,
  { connector: { node }, config }: Launched,
  { answer, firstRestart, lastRestart }: Timings,
  { onRefused }: SessionEvents,
  signal: AbortSignal,
): Promise<void> {
  const { log, resolved } = options;
  const call = limits(options, signal);
  const doubt = await refusalOf(async () => {
    for (const warning of await node.validate(config, call)) {
      log.warn(resolved.redact(warning));
    }
  });
  // Connect finds the same, and repeats it.
  if (doubt) log.warn(`Validate failed: ${doubt.message}`);
  for (let wait = firstRestart; ; wait = Math.min(lastRestart, wait * 2)) {
    const refusal = await refusalOf(() => node.connect(config, call));
    if (!refusal) return;
    onRefused(refusal, wait);
    await sleep(wait, undefined, { signal });
  }

  /** Why the outside does not let it work now; throws what is final, and a fault of the connector. */
  async function refusalOf(work: () => Promise<void>): Promise<PluginError | undefined> {
    try {
      await work();
      return undefined;
    } catch (thrown) {
      signal.throwIfAborted();
      const failure = connectionFailure(options, thrown);
      if (failure.recoverable && (await isAnswer(thrown, node, answer))) return failure;
      throw failure;
    }
  }
}

async function watch(
  options: ConnectorOptions,
  { connector, config }: Launched,
  { healthEvery, answer }: Timings,
  { onConnected, onHealth, onUnhealthy }: SessionEvents,
  signal: AbortSignal,
): Promise<string> {
  const { node, pid, metadata } = connector;
  const link: Link = { node, pid, connectorId: metadata.id, config };
  const ended = Promise.withResolvers<string>();
  const over = new AbortController();
  const stop = (): void => ended.resolve('stopped');
  signal.addEventListener('abort', stop, { once: true });
  void endOf(options, connector).then(ended.resolve);
  onConnected(link, ended.resolve);
  const health = {
    everyMs: healthEvery,
    timeoutMs: limits(options, signal).timeoutMs,
    answerMs: answer,
    log: options.log,
    onFirst: (first: Health) => onHealth(link, first),
    onFailure: onUnhealthy,
    describe: (thrown: unknown) => connectionFailure(options, thrown),
  };
  // On abort it rejects, when all has ended already.
  void watchHealth(node, health, over.signal).then(ended.resolve, ended.reject);
  try {
    return await ended.promise;
  } finally {
    over.abort();
    signal.removeEventListener('abort', stop);
  }
}

/** How its process ended, with its last log lines. */
async function endOf({ resolved }: ConnectorOptions, { exited }: ConnectorProcess) {
  const { reason, lastLines } = await exited;
  const lines = lastLines.map((line) => `\n  ${resolved.redact(line)}`);
  return `the connector ${reason}${lines.length > 0 ? `; its last lines:${lines.join('')}` : ''}`;
}

/** Whether the signal aborts within this time. */
function aborts(signal: AbortSignal, withinMs: number): Promise<boolean> {
  return sleep(withinMs, false, { signal }).catch(() => true);
}

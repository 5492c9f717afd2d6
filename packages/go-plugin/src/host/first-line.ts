import { setTimeout as sleep } from 'node:timers/promises';
import { GoPluginError } from '../errors.ts';
import { unrecognized } from '../handshake/line.ts';
import type { Child } from './child.ts';
import { exitedEarly } from './exit.ts';
import { readLines } from './lines.ts';

/** After the end of its stdout a process normally ends too: then its exit says more than the missing line. */
const exitAfterEofMs = 500;

/**
 * The first line on the plugin's stdout. All further ones are read and dropped for as long as the plugin lives.
 * @throws GoPluginError PLUGIN_EXITED, START_TIMEOUT, HANDSHAKE_UNRECOGNIZED, START_CANCELLED
 */
export async function readFirstLine(
  child: Child,
  options: { timeoutMs: number; notes: string; signal?: AbortSignal | undefined },
): Promise<string> {
  const { timeoutMs, notes, signal } = options;
  const line = Promise.withResolvers<string>();
  const eof = readLines(child.stdout, (text) => line.resolve(text));
  const done = new AbortController();
  const exits = async (): Promise<never> => {
    throw exitedEarly(await child.exited, notes);
  };
  const staysSilent = async (): Promise<never> => {
    await eof;
    await sleep(exitAfterEofMs, undefined, { signal: done.signal });
    throw unrecognized('', { eof: true, notes });
  };
  const takesTooLong = async (): Promise<never> => {
    await sleep(timeoutMs, undefined, { signal: done.signal });
    throw timedOut(timeoutMs);
  };
  const isCancelled = new Promise<never>((_resolve, reject) => {
    const cancelled = (): void => reject(startCancelled(signal?.reason));
    if (signal?.aborted) cancelled();
    signal?.addEventListener('abort', cancelled, { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([line.promise, exits(), staysSilent(), takesTooLong(), isCancelled]);
  } finally {
    done.abort();
  }
}

export function startCancelled(cause: unknown): GoPluginError {
  return new GoPluginError('START_CANCELLED', 'the start of the plugin was cancelled', { cause });
}

function timedOut(ms: number): GoPluginError {
  return new GoPluginError(
    'START_TIMEOUT',
    `timeout while waiting for plugin to start\nIt printed no handshake line within ${ms / 1000} s: give it more time, or see its log.`,
  );
}

import { GoPluginError } from '../errors.ts';
import type { PluginProcess } from './plugin-process.ts';

/** How to end each plugin of this process, the starting ones among them. */
const managed = new Set<() => Promise<void>>();

/** Keeps a plugin within reach of `killAll`, from before its start until its end. */
export async function manage(
  signal: AbortSignal | undefined,
  start: (signal: AbortSignal) => Promise<PluginProcess>,
): Promise<PluginProcess> {
  const cancel = new AbortController();
  const starting = start(signal ? AbortSignal.any([signal, cancel.signal]) : cancel.signal);
  const end = async (): Promise<void> => {
    cancel.abort(new GoPluginError('START_CANCELLED', 'all plugins of this process are ended'));
    await starting.then(
      (plugin) => plugin.kill(),
      () => {},
    );
  };
  const forget = (): boolean => managed.delete(end);
  managed.add(end);
  starting.then(({ exited }) => exited.then(forget), forget);
  return starting;
}

/**
 * Ends all plugins that this process has started or attached to, in parallel, and cancels starts: for the end of a host.
 * Resolves when all have ended; never rejects.
 */
export async function killAll(): Promise<void> {
  await Promise.all(Array.from(managed, (end) => end()));
}

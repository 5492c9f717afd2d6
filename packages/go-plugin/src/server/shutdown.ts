import { reasonOf } from '../errors.ts';
import type { Listener } from '../grpc/listener.ts';
import { within } from '../within.ts';
import { logToStderr } from './stderr.ts';

/** Hosts kill a plugin 2 s after they asked it to end. */
const applicationMs = 1_500;
/** For answers that are still on their way, the one to Shutdown among them. */
const answersMs = 100;

export interface Shutdown {
  /** Aborted when the application is done: streams without an end of their own end now. */
  readonly stopping: AbortSignal;
  /** Begins the end; later calls change nothing. */
  readonly begin: () => void;
  /** Resolves when everything is closed, at most 1.7 s after the beginning. */
  readonly done: Promise<void>;
}

export function createShutdown(
  listener: Promise<Listener>,
  onShutdown: (() => Promise<void>) | undefined,
): Shutdown {
  const stopping = new AbortController();
  const done = Promise.withResolvers<void>();
  const run = async (): Promise<void> => {
    try {
      await within(applicationMs, Promise.resolve(onShutdown?.()));
    } catch (error) {
      logToStderr('error', 'shutdown of the plugin failed', { error: reasonOf(error) });
    }
    stopping.abort();
    await (await listener).close(answersMs);
    done.resolve();
  };
  let begun = false;
  return {
    stopping: stopping.signal,
    done: done.promise,
    begin: () => {
      if (begun) return;
      begun = true;
      void run();
    },
  };
}

import { reasonOf } from '../errors.ts';
import type { Listener } from '../grpc/listener.ts';
import { logToStderr } from './stderr.ts';

/** Hosts kill a plugin 2 s after they asked it to end. */
const applicationMs = 1_500;
/** For answers that are still on their way, the one to Shutdown among them. */
const answersMs = 100;

export interface Shutdown {
  /** Aborted when the application is done: streams without an end of their own end now. */
  readonly stopping: AbortSignal;
  /** Begins the end; the process exits with 0 within 1.7 s. Later calls change nothing. */
  begin: () => void;
}

export function createShutdown(
  listener: Promise<Listener>,
  onShutdown: (() => Promise<void>) | undefined,
): Shutdown {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    const timeUp = new Promise<void>((resolve) => setTimeout(resolve, applicationMs));
    try {
      await Promise.race([onShutdown?.(), timeUp]);
    } catch (error) {
      logToStderr('error', 'shutdown of the plugin failed', { error: reasonOf(error) });
    }
    stopping.abort();
    await (await listener).close(answersMs);
    process.exit(0);
  };
  let begun = false;
  return {
    stopping: stopping.signal,
    begin: () => {
      if (begun) return;
      begun = true;
      void run();
    },
  };
}

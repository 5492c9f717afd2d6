import type { Logger } from 'pino';
import type { ReattachConfig } from '../handshake/reattach-config.ts';
import type { Process } from './child.ts';
import type { Exit } from './exit.ts';
import { isRunning, proveListener } from './process-identity.ts';

/** Nobody tells of the end of a process that is not our child. */
const askEveryMs = 250;
export const unknownExit: Exit = { code: null, signal: null, lastLines: [] };

/** The process of a plugin that somebody else has started. */
export function attachedProcess({ pid, address }: ReattachConfig, log: Logger): Process {
  const proof = proveListener(pid, address);
  const ended = Promise.withResolvers<Exit>();
  const timer = setInterval(() => {
    if (isRunning(pid)) return;
    clearInterval(timer);
    ended.resolve(unknownExit);
  }, askEveryMs);
  timer.unref();
  const destroy = async (): Promise<void> => {
    if (!proof?.stillHolds()) {
      log.warn({ pluginPid: pid }, 'not killed: it is not proven that this process is the plugin');
      // Nobody has to do with this process any more.
      clearInterval(timer);
      ended.resolve(unknownExit);
      return;
    }
    send('SIGKILL');
    timer.ref();
    await ended.promise;
  };
  const terminate = (): void => {
    if (proof?.stillHolds()) send('SIGTERM');
  };
  const send = (signal: NodeJS.Signals): void => {
    try {
      process.kill(pid, signal);
    } catch {} // it has just ended
  };
  return { pid, exited: ended.promise, terminate, destroy };
}

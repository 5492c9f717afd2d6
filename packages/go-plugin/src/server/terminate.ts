import { logToStderr } from './stderr.ts';

/** How often a plugin that waits for its host looks whether that is still there. */
const lookEveryMs = 100;

/**
 * Begins the end on SIGTERM. A service manager signals the whole group: as long as a host is connected, it decides, and
 * what is under way ends with its Shutdown. Without one, after `drainMs` and at a second SIGTERM the end begins at once.
 */
export function onTerminate(
  options: { readonly connected: () => boolean; readonly drainMs: number },
  begin: () => void,
): void {
  const { connected, drainMs } = options;
  let waiting = false;
  process.on('SIGTERM', () => {
    if (waiting || !connected()) return begin();
    waiting = true;
    logToStderr('debug', "plugin received SIGTERM, waiting for the host's Shutdown", { drainMs });
    const deadline = performance.now() + drainMs;
    const timer = setInterval(() => {
      if (connected() && performance.now() < deadline) return;
      clearInterval(timer);
      begin();
    }, lookEveryMs);
  });
}

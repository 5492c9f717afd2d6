/** No event tells of a parent's end, so it is asked for; the answer costs one system call. */
const askEveryMs = 250;

/**
 * Calls back when the host has died without a Shutdown and no other one is connected. An orphan would go on to hold its
 * port and to take what nobody receives any more.
 */
export function onOrphaned(connected: () => boolean, callback: () => void): void {
  const host = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === host || connected()) return;
    clearInterval(timer);
    callback();
  }, askEveryMs);
  timer.unref();
}

import { fstatSync, writeSync } from 'node:fs';
import { codeOf } from '../errors.ts';
import { formatLogLine } from '../logs/format.ts';

/** No event tells of a parent's end, so it is asked for; the answer costs one system call. */
const askEveryMs = 250;
/** A pipe tells of its reader's end only who writes: one look at the pipes for so many at the parent. */
const asksPerWrite = 4;
const [stdout, stderr] = [1, 2];
const gone = new Set(['EPIPE', 'ECONNRESET']);

/**
 * Calls back when the host has died without a Shutdown and no other one is connected. An orphan would go on to hold its
 * port and to take what nobody receives any more. Behind a wrapper the parent is not the host, and lives on; then the host
 * is gone when its ends of both stdout and stderr are. One of them proves nothing: a host may close what it does not read.
 */
export function onOrphaned(connected: () => boolean, callback: () => void): void {
  const host = process.ppid;
  let asks = 0;
  const timer = setInterval(() => {
    asks += 1;
    if (connected()) return;
    if (process.ppid === host && (asks % asksPerWrite > 0 || !readersAreGone())) return;
    clearInterval(timer);
    callback();
  }, askEveryMs);
  timer.unref();
}

/** Hosts drop what comes on stdout after the handshake; on stderr a line of the log is nothing special. */
function readersAreGone(): boolean {
  return (
    isClosed(stdout, '\n') &&
    isClosed(stderr, formatLogLine('trace', 'no host is connected', { module: 'go-plugin' }))
  );
}

function isClosed(fd: number, harmless: string): boolean {
  try {
    // A socket, which Node.js hosts use for a pipe, tells without a byte.
    writeSync(fd, fstatSync(fd).isFIFO() ? harmless : '');
    return false;
  } catch (error) {
    return gone.has(codeOf(error) ?? '');
  }
}

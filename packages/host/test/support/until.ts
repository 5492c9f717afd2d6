import { setTimeout as sleep } from 'node:timers/promises';

const DEADLINE_MS = 15_000;

/** Waits until `look` gives something true, and gives that. */
export async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(10);
  }
}

import { vi } from 'vitest';
import type { Program } from './program.ts';

export interface Kill {
  readonly who: 'host' | 'connector';
  /** When so many messages are done. */
  readonly at: number;
}

/** So many kills, spread over the whole run: the connector and the host by turns. */
export function killsDuring(messages: number, times: number): Kill[] {
  return Array.from({ length: times }, (_, i) => ({
    who: i % 2 === 0 ? 'connector' : 'host',
    at: Math.round((messages * (i + 1)) / (times + 1)),
  }));
}

/** `kill -9` of each in its turn; `onGone` is called when it is gone and nobody has taken its place. */
export async function carryOut(
  kills: readonly Kill[],
  host: Program,
  done: () => number,
  onGone: () => void,
): Promise<void> {
  for (const { who, at } of kills) {
    await vi.waitUntil(() => done() >= at && host.children().length > 0, {
      timeout: 60_000,
      interval: 5,
    });
    if (who === 'host') {
      await host.kill();
      onGone();
      host.restart();
    } else {
      for (const pid of host.children()) process.kill(pid, 'SIGKILL');
      onGone();
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises';

/** SIGSTOP and, after a while, SIGCONT. */
export async function pause(pid: number | undefined, ms: number): Promise<void> {
  if (!pid) throw new Error('there is no such process');
  process.kill(pid, 'SIGSTOP');
  await sleep(ms); // how long the fault lasts
  process.kill(pid, 'SIGCONT');
}

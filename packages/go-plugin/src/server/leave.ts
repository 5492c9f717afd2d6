import { setTimeout as sleep } from 'node:timers/promises';

/** For look-ups that are about to be answered. */
const lookUpsMs = 200;
const lookEveryMs = 10;

/** Ends the process with status 0, and gives look-ups a moment to end. */
export async function leaveInPeace(): Promise<void> {
  const deadline = performance.now() + lookUpsMs;
  while (isLookingUp() && performance.now() < deadline) await sleep(lookEveryMs);
  leave(0);
}

/**
 * Ends the process now. `process.exit` waits for the threads of the pool, and one that asks a name server which does not
 * answer has no end for many seconds: then the process ends by SIGTERM instead.
 */
export function leave(code: number): never {
  // Last: other listeners remove sockets.
  process.once('exit', () => {
    if (!isLookingUp()) return;
    process.removeAllListeners('SIGTERM');
    process.kill(process.pid, 'SIGTERM');
  });
  process.exit(code);
}

function isLookingUp(): boolean {
  return process
    .getActiveResourcesInfo()
    .some((name) => /^Get(?:Addr|Name)InfoReqWrap$/.test(name));
}

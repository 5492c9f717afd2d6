import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Built } from './build.ts';
import type { Case } from './cases.ts';
import type { Cgroup } from './cgroup.ts';
import type { HostOptions, LoadResult, StartResult } from './measurement.ts';
import type { Target } from './targets.ts';

/** No run takes as long; one that hangs must not hold up the rest. */
const LONGEST_MS = 10 * 60_000;
const run = promisify(execFile);

export interface Timing {
  readonly warmUpMs: number;
  readonly timeMs: number;
}

/** Measures one target once. Rejects with what the host printed. */
export async function measure(
  { host, kind, options, limited }: Case,
  target: Target,
  built: Built,
  timing: Timing,
  cgroup: Cgroup | undefined,
): Promise<LoadResult | StartResult> {
  const given: HostOptions = {
    ...options,
    ...(kind === 'load' && timing),
    ...(target.name === 'floor' && kind !== 'start' && { fixedAnswers: true }),
  };
  const [file = '', ...args] = host === 'go' ? built.goHost : built.tsHost;
  const plugin = limited && cgroup ? cgroup.within(target.command) : target.command;
  try {
    const { stdout } = await run(file, [...args, JSON.stringify(given), ...plugin], {
      timeout: LONGEST_MS,
    });
    return JSON.parse(stdout) as LoadResult | StartResult;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new Error(stderr.trim() || message, { cause: error });
  }
}

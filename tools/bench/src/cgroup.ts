import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
const PERIOD_US = 100_000;

/** A real cgroup that programs are started in. */
export interface Cgroup {
  /** The command line that runs a command in it. */
  within(command: readonly string[]): string[];
  remove(): void;
}

/** undefined where this user may not make one. */
export function createCgroup(limits: {
  readonly cpus: number;
  readonly bytes: number;
}): Cgroup | undefined {
  const name = `vrsky-bench-${process.pid}`;
  const quota = String(limits.cpus * PERIOD_US);
  const unified = existsSync(join(ROOT, 'cgroup.controllers'));
  const files: Record<string, Record<string, string>> = unified
    ? {
        [join(ROOT, name)]: {
          'cpu.max': `${quota} ${PERIOD_US}`,
          'memory.max': String(limits.bytes),
        },
      }
    : {
        [join(ROOT, 'cpu', name)]: {
          'cpu.cfs_period_us': String(PERIOD_US),
          'cpu.cfs_quota_us': quota,
        },
        [join(ROOT, 'memory', name)]: { 'memory.limit_in_bytes': String(limits.bytes) },
      };
  const folders = Object.keys(files);
  const remove = (): void => {
    for (const folder of folders) if (existsSync(folder)) rmdirSync(folder);
  };
  try {
    for (const [folder, values] of Object.entries(files)) {
      mkdirSync(folder);
      for (const [file, value] of Object.entries(values)) writeFileSync(join(folder, file), value);
    }
  } catch {
    remove();
    return undefined;
  }
  // The shell puts itself there and becomes the program: that costs about a millisecond.
  const enter = folders.map((folder) => `echo $$ > ${folder}/cgroup.procs`);
  const script = [...enter, 'exec "$0" "$@"'].join(' && ');
  return { within: (command) => ['/bin/sh', '-c', script, ...command], remove };
}

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';

const ROOT = '/sys/fs/cgroup';
const PERIOD_US = 100_000;

export interface Cgroup {
  /** The command line that runs a program within the group. */
  command(program: string): { readonly command: string; readonly args: readonly string[] };
  /** How many processes the kernel has killed for want of memory. */
  oomKills(): number;
}

interface Limits {
  readonly memoryBytes: number;
  /** 0.5 = half of one. */
  readonly cpus: number;
}

/** Why no group can be made here; undefined when one can. */
export function whyNoCgroups(): string | undefined {
  try {
    const folders = makeFolders({ memoryBytes: 2 ** 28, cpus: 1 });
    for (const folder of folders) rmdirSync(folder);
    return undefined;
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
}

/** A group below this process's own one; gone after the test. */
export function makeCgroup(limits: Limits): Cgroup {
  const folders = makeFolders(limits);
  onTestFinished(async () => {
    for (const folder of folders) {
      await vi.waitUntil(() => removed(folder), { timeout: 5000, interval: 50 });
    }
  });
  const enter = folders.map((folder) => `echo $$ > '${join(folder, 'cgroup.procs')}'`).join(' && ');
  return {
    command: (program) => ({ command: '/bin/sh', args: ['-c', `${enter} && exec "$0"`, program] }),
    oomKills() {
      const file = ['memory.oom_control', 'memory.events']
        .map((name) => join(folders[0] ?? '', name))
        .find(existsSync);
      return Number(/^oom_kill (\d+)/m.exec(readFileSync(file ?? '', 'utf8'))?.[1]);
    },
  };
}

/** The first one has the memory controller. */
function makeFolders({ memoryBytes, cpus }: Limits): string[] {
  const name = `vrsky-faults-${process.pid}`;
  const quota = Math.round(PERIOD_US * cpus);
  if (existsSync(join(ROOT, 'cgroup.controllers'))) {
    const own = join(ROOT, ownPath(''));
    const folder = join(own, name);
    // Fails where our own group has processes and is not the root: then the system forbids it.
    writeFileSync(join(own, 'cgroup.subtree_control'), '+memory +cpu');
    make(folder, { 'memory.max': memoryBytes, 'cpu.max': `${quota} ${PERIOD_US}` });
    return [folder];
  }
  const memory = join(ROOT, 'memory', ownPath('memory'), name);
  const cpu = join(ROOT, 'cpu', ownPath('cpu'), name);
  make(memory, { 'memory.limit_in_bytes': memoryBytes });
  make(cpu, { 'cpu.cfs_period_us': PERIOD_US, 'cpu.cfs_quota_us': quota });
  return [memory, cpu];
}

function make(folder: string, settings: Readonly<Record<string, string | number>>): void {
  mkdirSync(folder);
  for (const [name, value] of Object.entries(settings)) {
    writeFileSync(join(folder, name), String(value));
  }
}

/** Of this process, for a controller of version 1 or, without one, for version 2. */
function ownPath(controller: string): string {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
  const fields = lines.map((line) => line.split(':'));
  const found = fields.find(([, controllers = '']) => controllers.split(',').includes(controller));
  if (!found?.[2]) throw new Error(`no cgroup controller "${controller}"`);
  return found[2];
}

/** A group can go when its last process has. */
function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

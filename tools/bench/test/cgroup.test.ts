import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { createCgroup } from '../src/cgroup.ts';

const folders = (): string[] => globSync(`/sys/fs/cgroup/{,*/}vrsky-bench-${process.pid}`);

// Made and removed at once, to learn whether this user may.
const probe = createCgroup({ cpus: 1, bytes: 2 ** 30 });
probe?.remove();

test.runIf(probe)(
  'a program runs within the limits (may be skipped: this user may not make cgroups)',
  () => {
    const cgroup = createCgroup({ cpus: 0.5, bytes: 256 * 2 ** 20 });
    onTestFinished(() => cgroup?.remove());
    const [file = '', ...args] = cgroup?.within(['cat', '/proc/self/cgroup']) ?? [];
    const groups = execFileSync(file, args, { encoding: 'utf8' });
    expect(groups.match(new RegExp(`/vrsky-bench-${process.pid}$`, 'gm'))).toHaveLength(
      existsSync('/sys/fs/cgroup/cgroup.controllers') ? 1 : 2,
    );
    expect(folders()).not.toEqual([]);
    cgroup?.remove();
    expect(folders()).toEqual([]);
  },
);

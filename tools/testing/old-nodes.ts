import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';

export interface OldNode {
  readonly path: string;
  /** As Node has it: `v20.20.2`. */
  readonly version: string;
}

/** Every Node on the PATH, besides the workspace's own, that is older than the one that is needed. */
export function oldNodes(): OldNode[] {
  const folders = (env['PATH'] ?? '')
    .split(delimiter)
    .filter((name) => !name.includes('node_modules'));
  const found = folders.map((folder) => join(folder, 'node')).filter((file) => existsSync(file));
  const paths = [...new Set(found.map((file) => realpathSync(file)))];
  return paths
    .map((path) => ({ path, version: String(execFileSync(path, ['--version'])).trim() }))
    .filter(({ version }) => Number(/^v(\d+)/.exec(version)?.[1]) < 26);
}

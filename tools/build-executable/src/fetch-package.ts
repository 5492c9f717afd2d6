import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Fetches a package with npm, as the user has set that up, and unpacks it.
 * @param integrity what the lock file says of it: `sha512-…`
 * @param folder where its files go; not there yet
 */
export function fetchPackage(spec: string, integrity: string, folder: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}.`);
  try {
    const printed = execFileSync('npm', ['pack', spec, '--loglevel=error'], { cwd: unfinished });
    const tarball = join(unfinished, String(printed).trim());
    const actual = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
    if (actual !== integrity) {
      throw new Error(`${spec} is not what the lock file names: ${actual}, expected ${integrity}`);
    }
    execFileSync('tar', ['-xzf', tarball], { cwd: unfinished });
    moveUnlessThere(join(unfinished, 'package'), folder);
  } finally {
    rmSync(unfinished, { recursive: true });
  }
}

function moveUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    // Another build was faster; what it fetched has the same checksum.
    if (!existsSync(to)) throw error;
  }
}

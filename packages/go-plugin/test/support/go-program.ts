import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const module = join(import.meta.dirname, '../../conformance');

/** Builds Go programs, by their import paths, with the go-plugin of the conformance module. The caller removes them. */
export function buildGoPrograms(...packages: string[]): { paths: string[]; remove(): void } {
  const bin = mkdtempSync(join(tmpdir(), 'go-'));
  const paths = packages.map((name, index) => {
    const path = join(bin, `program${index}`);
    execFileSync('go', ['build', '-o', path, name], { cwd: module, stdio: 'pipe' });
    return path;
  });
  return { paths, remove: () => rmSync(bin, { recursive: true }) };
}

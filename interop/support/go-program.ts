import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const module = fileURLToPath(new URL('../../packages/connector-go', import.meta.url));

/** Builds a Go program of the Go module; the caller removes it. */
export function buildGoProgram(folder: string): { path: string; remove(): void } {
  const bin = mkdtempSync(join(tmpdir(), 'vrsky-go-'));
  const path = join(bin, 'program');
  execFileSync('go', ['build', '-o', path, folder], { cwd: module, stdio: 'pipe' });
  return { path, remove: () => rmSync(bin, { recursive: true }) };
}

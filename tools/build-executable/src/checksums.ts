import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Executable } from './executable.ts';

/**
 * Writes SHA256SUMS next to the executables, as `sha256sum -c` reads it. What it says of other
 * executables stays, as long as they are there.
 */
export function writeChecksums(executables: readonly Executable[], folder: string): void {
  const file = join(folder, 'SHA256SUMS');
  const sums = new Map(existsSync(file) ? readSums(file) : []);
  for (const name of sums.keys()) if (!existsSync(join(folder, name))) sums.delete(name);
  for (const executable of executables) sums.set(basename(executable.file), executable.sha256);
  const lines = [...sums.keys()].toSorted().map((name) => `${sums.get(name)}  ${name}\n`);
  writeFileSync(file, lines.join(''));
}

function readSums(file: string): [name: string, sum: string][] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => [line.slice(66), line.slice(0, 64)]);
}

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Artifacts } from './artifacts.ts';

/**
 * Writes SHA256SUMS next to an executable and its documents, as `sha256sum -c` reads it. What it says
 * of other files stays, as long as they are there.
 */
export function writeChecksums({ executable, documents }: Artifacts): void {
  const folder = dirname(executable.file);
  const file = join(folder, 'SHA256SUMS');
  const sums = new Map(existsSync(file) ? readSums(file) : []);
  for (const name of sums.keys()) if (!existsSync(join(folder, name))) sums.delete(name);
  sums.set(basename(executable.file), executable.sha256);
  for (const document of documents) {
    sums.set(basename(document), createHash('sha256').update(readFileSync(document)).digest('hex'));
  }
  const lines = [...sums.keys()].toSorted().map((name) => `${sums.get(name)}  ${name}\n`);
  // Whoever reads it meanwhile finds it whole, when nothing was built.
  if (!existsSync(file) || readFileSync(file, 'utf8') !== lines.join('')) {
    writeFileSync(file, lines.join(''));
  }
}

function readSums(file: string): [name: string, sum: string][] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => [line.slice(66), line.slice(0, 64)]);
}

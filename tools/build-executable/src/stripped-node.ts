import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { target, targetNode } from './target.ts';

/**
 * The target's Node without symbols: 32 MiB less. It has to happen before the program goes in; to
 * strip the finished executable destroys it.
 */
export function strippedNode(workFolder: string): string {
  const file = join(workFolder, `node-${process.version}-${target}`);
  if (existsSync(file)) return file;

  const unfinished = `${file}.${process.pid}`;
  const { error, status } = spawnSync('strip', ['-s', '-o', unfinished, targetNode], {
    stdio: 'inherit',
  });
  if (error) {
    // Not kept: as soon as there is a `strip`, the next build uses it.
    console.warn("There is no 'strip' (package binutils): the executables get 32 MiB larger.");
    const unstripped = `${file}-unstripped`;
    copyFileSync(targetNode, unstripped);
    return unstripped;
  }
  if (status !== 0) throw new Error(`strip failed on ${targetNode} (exit code ${status})`);
  renameSync(unfinished, file);
  return file;
}

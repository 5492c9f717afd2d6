import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NodePackage, nodeBinary } from './node-package.ts';
import { isOwn, type Target } from './target.ts';
import { withoutSignature } from './windows-signature.ts';

/**
 * The target's Node as the program goes into it: what does not belong into the executable has to be
 * out before.
 * @param folder keeps it for the next build
 */
export function preparedNode(target: Target, node: NodePackage, folder: string): string {
  const original = nodeBinary(node);
  const prepared = join(folder, `node-${node.version}-${target}`);
  if (existsSync(prepared)) return prepared;

  const unfinished = `${prepared}.${process.pid}`;
  // `strip` knows the executables of its own machine only.
  if (isOwn(target) && process.platform === 'linux') {
    if (!strip(original, unfinished)) return original;
  } else if (target === 'win-x64') {
    writeFileSync(unfinished, withoutSignature(readFileSync(original)));
  } else {
    return original;
  }
  renameSync(unfinished, prepared);
  return prepared;
}

/** Leaves out the symbols: 32 MiB. Stripping the finished executable instead would destroy it. */
function strip(from: string, to: string): boolean {
  const { error, status } = spawnSync('strip', ['-s', '-o', to, from], { stdio: 'inherit' });
  if (error) {
    console.warn("There is no 'strip' (package binutils): the executables get 32 MiB larger.");
    return false;
  }
  if (status !== 0) throw new Error(`strip failed on ${from} (exit code ${status})`);
  return true;
}

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { runStep } from './steps.mjs';

const pnpm = 'npx --yes pnpm@12.21.0';
const stamp = join(root, 'node_modules', '.vrsky-installed');

/** Installs the dependencies unless those of the lock file are there; answers an exit code. */
export async function install() {
  const wanted = createHash('sha256')
    .update(read(join(root, 'pnpm-lock.yaml')))
    .digest('hex');
  if (read(stamp) === wanted) return 0;
  const code = await runStep('install', `${pnpm} install --frozen-lockfile`);
  if (code === 0) writeFileSync(stamp, wanted);
  else {
    console.error(
      'The dependencies could not be installed. Is the npm registry reachable? If you changed a ' +
        `package.json, update the lock file first: ${pnpm} install`,
    );
  }
  return code;
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

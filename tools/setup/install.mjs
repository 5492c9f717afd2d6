import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { runStep } from './steps.mjs';
import { workspacePackages } from './workspace.mjs';

// CI installs what the lock file says, or fails; elsewhere a new package is added to the lock file.
const installCommand = `npx --yes pnpm@12.21.0 install${process.env.CI ? ' --frozen-lockfile' : ''}`;
const stamp = join(root, 'node_modules', '.vrsky-installed');

/** Installs the dependencies unless those of all packages are there; resolves to an exit code. */
export async function install() {
  if (read(stamp) === wanted()) return 0;
  const code = await runStep('install', installCommand);
  // Only now, because the lock file may have changed.
  if (code === 0) writeFileSync(stamp, wanted());
  else {
    console.error(
      'The dependencies could not be installed. Is the npm registry reachable? In CI the lock file ' +
        'has to fit each package.json: run `npm run build` once, and commit pnpm-lock.yaml.',
    );
  }
  return code;
}

/** A digest of everything that decides what is installed. */
function wanted() {
  const manifests = workspacePackages(root).map((folder) => `${folder}/package.json`);
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests];
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\n${read(join(root, file))}\n`);
  return hash.digest('hex');
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

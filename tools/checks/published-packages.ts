// Looks at the tarballs in dist/packages as their users get them: publint for the manifest, attw for the
// types. What is installed from them is tested by test/packages.test.ts.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename } from 'node:path';

const checks = [
  ['publint', '--strict'],
  ['attw', '--profile', 'esm-only', '--format', 'ascii'],
];

const tarballs = globSync('dist/packages/*.tgz').toSorted();
if (tarballs.length === 0) {
  console.error('There is no package in dist/packages: `npm run pack` makes them.');
  process.exitCode = 1;
}
for (const tarball of tarballs) {
  const failed = checks.filter((check) => !passes([...check, tarball]));
  console.log(`${failed.length === 0 ? 'ok' : 'FAILED'}  ${basename(tarball)}`);
  if (failed.length > 0) process.exitCode = 1;
}

/** Shows what a check prints only if it fails. */
function passes([program = '', ...args]: string[]): boolean {
  const { status, stdout, error } = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) console.error(error?.message ?? stdout);
  return status === 0;
}

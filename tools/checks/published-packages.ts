// Packs every package that is published and looks at it as its users get it: publint for the
// manifest, attw for the types.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

const checks = [
  ['publint', '--strict'],
  ['attw', '--pack', '--profile', 'esm-only', '--format', 'ascii'],
];

for (const manifest of globSync('{packages,connectors,tools}/*/package.json').toSorted()) {
  const { name, private: unpublished } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    name: string;
    private?: boolean;
  };
  if (unpublished) continue;
  const failed = checks.filter((check) => !passes(check, dirname(manifest)));
  console.log(`${failed.length === 0 ? 'ok' : 'FAILED'}  ${name}`);
  if (failed.length > 0) process.exitCode = 1;
}

/** Shows what a check prints only if it fails. */
function passes([program = '', ...args]: string[], folder: string): boolean {
  const { status, stdout, error } = spawnSync(program, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) console.error(error?.message ?? stdout);
  return status === 0;
}

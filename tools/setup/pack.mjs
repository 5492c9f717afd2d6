// Packs each package that is published, as it is built now, into dist/packages.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { workspacePackages } from './workspace.mjs';

const folder = join(root, 'dist/packages');
rmSync(folder, { recursive: true, force: true });
for (const name of workspacePackages(root)) {
  if (JSON.parse(readFileSync(join(root, name, 'package.json'), 'utf8')).private) continue;
  const argv = ['pack', '--pack-destination', folder, '--json'];
  const { filename } = JSON.parse(execFileSync('pnpm', argv, { cwd: join(root, name) }));
  console.log(filename);
}

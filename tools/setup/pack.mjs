// Packs each package that is published, as it is built now, into dist/packages.
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { workspacePackages } from './workspace.mjs';

const destination = join(root, 'dist/packages');
rmSync(destination, { recursive: true, force: true });
for (const name of workspacePackages(root)) {
  const folder = join(root, name);
  if (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).private) continue;
  removeStale(folder);
  const argv = ['pack', '--pack-destination', destination, '--json'];
  const { filename } = JSON.parse(execFileSync('pnpm', argv, { cwd: folder }));
  console.log(filename);
}

/** The compiler leaves what it made of a source that is gone: that must not be published. */
function removeStale(folder) {
  for (const file of globSync('dist/**/*.{js,d.ts,map}', { cwd: folder })) {
    const source = file.replace(/^dist/, 'src').replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts');
    if (!existsSync(join(folder, source))) rmSync(join(folder, file));
  }
}

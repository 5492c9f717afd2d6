// Type-checks every package of the workspace by its own tsconfig.json, and by tsconfig.test.json everything
// that has none: tests, tools, examples.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { workspacePackages } from '../setup/workspace.mjs';

const projects = workspacePackages('.').filter((folder) => existsSync(`${folder}/tsconfig.json`));
const { status, error } = spawnSync('tsc', ['-b', ...projects, 'tsconfig.test.json'], {
  stdio: 'inherit',
});
if (error) console.error(`tsc could not be started: ${error.message}`);
process.exitCode = status ?? 1;

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'vrsky-install-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Does what each root script does first, in a small workspace; answers what it printed. */
function install(extra: Record<string, string> = {}): { status: number | null; stdout: string } {
  const { CI: _, ...rest } = env;
  const program =
    "import('./tools/setup/install.mjs').then(async (m) => { process.exitCode = await m.install(); })";
  return spawnSync('node', ['-e', program], {
    cwd: folder,
    env: { ...rest, ...extra },
    encoding: 'utf8',
  });
}

function addPackage(name: string, dependencies: Record<string, string>): void {
  mkdirSync(join(folder, 'packages', name), { recursive: true });
  const manifest = JSON.stringify({ name, version: '1.0.0', dependencies });
  writeFileSync(join(folder, 'packages', name, 'package.json'), manifest);
}

test('a new package is installed with the next command, and nothing without a change', () => {
  const setup = join(import.meta.dirname, '..');
  for (const name of ['install', 'steps', 'root', 'counts', 'workspace']) {
    cpSync(join(setup, `${name}.mjs`), join(folder, 'tools/setup', `${name}.mjs`));
  }
  writeFileSync(join(folder, 'package.json'), '{"name":"small","private":true}');
  writeFileSync(join(folder, 'pnpm-workspace.yaml'), 'packages:\n  - packages/*\n');
  addPackage('first', {});
  expect(install().stdout).toContain('── install: ok');
  expect(install()).toMatchObject({ status: 0, stdout: '' });

  addPackage('second', { first: 'workspace:*' });
  expect(install({ CI: 'true' }).status).toBe(1);
  expect(install().stdout).toContain('── install: ok');
  expect(existsSync(join(folder, 'packages/second/node_modules/first/package.json'))).toBe(true);
  expect(install({ CI: 'true' })).toMatchObject({ status: 0, stdout: '' });
}, 120_000);

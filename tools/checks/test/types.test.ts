import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { expect, onTestFinished, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const types = join(root, 'tools/checks/types.mjs');

/** A workspace with this repository's configuration and one new package, `packages/acme`. */
function check(files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'vrsky-types-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of ['pnpm-workspace.yaml', 'tsconfig.base.json', 'tsconfig.test.json']) {
    cpSync(join(root, name), join(folder, name));
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'packages/acme/src'), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, 'packages/acme', name), text);
  }
  const path = `${join(root, 'node_modules/.bin')}:${env['PATH']}`;
  return spawnSync('node', [types], {
    cwd: folder,
    env: { ...env, PATH: path },
    encoding: 'utf8',
  });
}

const manifest = JSON.stringify({ name: 'acme', type: 'module' });
const tsconfig = JSON.stringify({
  extends: '../../tsconfig.base.json',
  compilerOptions: { rootDir: 'src', outDir: 'dist' },
  include: ['src'],
});

test.each([
  ['with a tsconfig.json', { 'tsconfig.json': tsconfig }],
  ['without one', {}],
])(
  'a new package %s is type-checked, and is in no list',
  (_, more) => {
    const source = (text: string) => ({ 'package.json': manifest, 'src/index.ts': text, ...more });
    const wrong = check(source("export const n: number = 'x';\n"));
    expect(wrong.stdout).toMatch(/packages\/acme\/src\/index.ts.* error TS2322/);
    expect(wrong.status).not.toBe(0);
    expect(check(source('export const n: number = 1;\n'))).toMatchObject({ status: 0, stdout: '' });
  },
  120_000,
);

test('a package is checked by its own options, too', () => {
  const isolated = tsconfig.replace('"rootDir"', '"isolatedDeclarations":true,"rootDir"');
  const { status, stdout } = check({
    'package.json': manifest,
    'tsconfig.json': isolated,
    'src/index.ts': 'export const sum = (a: number, b: number) => a + b;\n',
  });
  expect(stdout).toMatch(/packages\/acme\/src\/index.ts.* error TS9\d+/);
  expect(status).not.toBe(0);
}, 120_000);

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const start = (...args: string[]) =>
  spawnSync('node', ['--conditions=vrsky:source', 'tools/setup/example.ts', ...args], {
    cwd: root,
    encoding: 'utf8',
  });

test('runs the example whose number is named, with the executables that it needs', () => {
  const { status, stdout, stderr } = start('02', '--once');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('dist/bin/http-connector');
  expect(stdout).toContain('dist/bin/mqtt-connector');
  expect(stdout).toContain('Integration "webhook-to-mqtt"');
  expect(stdout).toContain('delivered');
  // The executables may have to be built.
}, 300_000);

test('of a number that is none it says which there are', () => {
  const { status, stderr } = start('99');
  expect(status).toBe(1);
  expect(stderr).toContain(
    'There is no example 99; there is: 01-webhook-to-rest, 02-webhook-to-mqtt',
  );
});

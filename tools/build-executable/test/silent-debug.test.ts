import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundle } from '../src/bundle.ts';
import { root } from '../src/target.ts';

const program = join(root, 'connectors/mqtt/test/fixtures/write-connect.ts');

function run(args: string[], input = '') {
  const env = { DEBUG: '*' };
  const { stdout, stderr } = spawnSync(process.execPath, args, { env, input, encoding: 'utf8' });
  return { stdout, stderr };
}

test('with DEBUG in its environment a library prints what it sends', () => {
  const { stdout, stderr } = run([program]);
  expect(stdout).toBe('written\n');
  expect(stderr).toContain('fixture-password');
});

test('with DEBUG in its environment a bundle prints nothing of it', async () => {
  const { text } = await bundle(program);
  expect(run(['--input-type=commonjs', '-'], text)).toEqual({ stdout: 'written\n', stderr: '' });
});

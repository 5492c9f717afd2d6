import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, '../src/main.ts');

test.each([
  [
    ['--target', 'plan9-x64'],
    'no executables for plan9-x64; there are for: linux-x64, linux-arm64',
  ],
  [['--targets', 'win-x64'], "Unknown option '--targets'"],
  [['--output', 'any.so'], '--output any.so is for one connector: name it, such as http'],
  [['htp'], 'No connectors/htp/src/main.ts; there is: '],
])('%j is refused with what there is, and nothing is built', (args, complaint) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain(complaint);
  expect(stderr).not.toContain('    at ');
});

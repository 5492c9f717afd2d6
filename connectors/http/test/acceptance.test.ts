import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const CASES = 35;

const table = [
  ...readFileSync(join(import.meta.dirname, 'ACCEPTANCE.md'), 'utf8').matchAll(
    /^\| (\d+) \| .+ \| `(.+)` \| (.+) \|$/gm,
  ),
].map(([, number, file = '', name = '']) => ({ number: Number(number), file, name }));

test('every acceptance case is in the table', () => {
  const all = Array.from({ length: CASES }, (_, i) => i + 1);
  expect([...new Set(table.map(({ number }) => number))].toSorted((a, b) => a - b)).toEqual(all);
});

test.each(table)('case $number is shown by a test of that name: $name', ({ file, name }) => {
  const folder = file.includes('/') ? root : import.meta.dirname;
  const code = readFileSync(join(folder, file), 'utf8');
  const quoted = [`'${name}'`, `"${name}"`, `'${name.replaceAll("'", "\\'")}'`];
  expect(quoted.some((text) => code.includes(text))).toBe(true);
});

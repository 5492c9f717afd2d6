import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = readFileSync(new URL('ACCEPTANCE.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| (\d+) \| .* \| `(.*)` \|$/gm)].map(([, number, file = '']) => ({
  number: Number(number),
  file,
}));

test('the table has every case from 36 to 60, once', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 25 }, (_, i) => 36 + i));
});

test.each(rows)('case $number has a test of that number in $file', ({ number, file }) => {
  const names = readFileSync(root + file, 'utf8').matchAll(/\(\s*['"](\d+): /g);
  expect([...names].map(([, found]) => Number(found))).toContain(number);
});

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

const table = [...read('conformance/README.md').matchAll(/^\| (\d+) \| .+ \| (.+) \|$/gm)].map(
  ([, number, where = '']) => ({ number: Number(number), where }),
);

describe('the conformance cases', () => {
  it('are all in the table', () => {
    expect(table.map(({ number }) => number)).toEqual(Array.from({ length: 90 }, (_, n) => n + 1));
  });

  it('are tested in the files that the table names, but for those that say why not', () => {
    const run = table.filter(({ where }) => !where.startsWith('not run: '));
    expect(run).toHaveLength(82);
    const told = run.flatMap(({ number, where }) =>
      where.split(', ').map((file) => `${number} ${file.replaceAll('`', '')}`),
    );
    const tested = [
      ...testsOf('conformance/**/*_test.go', /^func TestCase(\d+)_/gm),
      ...testsOf('test/conformance/*.test.ts', /['"`](\d+): /g),
    ];
    expect(new Set(tested)).toEqual(new Set(told));
  });
});

/** The number and the file of each test whose name `pattern` finds. */
function testsOf(files: string, pattern: RegExp): string[] {
  return globSync(files, { cwd: root }).flatMap((file) =>
    [...read(file).matchAll(pattern)].map(([, number]) => `${number} ${file}`),
  );
}

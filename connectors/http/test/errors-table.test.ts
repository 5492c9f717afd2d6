import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '..');
const readme = readFileSync(join(folder, 'README.md'), 'utf8');
const sources = globSync('src/**/*.ts', { cwd: folder }).map((file) =>
  readFileSync(join(folder, file), 'utf8'),
);

/** What stands in a column of the README's table of errors; empty cells not. */
function column(index: number): string[] {
  const [, table = ''] = /^## Errors\n+(\|.*?)\n\n/ms.exec(readme) ?? [];
  const rows = table.split('\n').slice(2);
  const cells = rows.map((row) => row.split('|')[index + 1]?.trim() ?? '');
  return [...new Set(cells.filter((cell) => cell))].sort();
}

test('the errors of the README are those of the code', () => {
  const text = sources.join('\n');
  const thrown = text.matchAll(/\breason: '([A-Z_]+)'/g);
  expect(column(1)).toEqual([...new Set([...thrown].map(([, reason = '']) => reason))].sort());
  const codes = text.matchAll(/(?:\bPluginError\(\s*|\bcode: )'([A-Z_]+)'/g);
  const own = new Set([...codes].map(([, code = '']) => code));
  // Before Connect the runtime itself refuses; the same check of the connector is never reached.
  own.delete('NOT_CONNECTED');
  expect(column(0)).toEqual([...own].sort());
});

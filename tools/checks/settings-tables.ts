// Compares the settings tables in the connectors' READMEs with their schemas. A table stands between
// `<!-- settings:TYPE -->` and `<!-- /settings -->`, of a type of both directions it is
// `<!-- settings:TYPE:outgoing -->`. With --write it is made anew (npm run generate).
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Schema, settingsTable } from './settings-table.ts';

/** What is read of a connector. */
interface Connector {
  readonly incoming?: Side;
  readonly outgoing?: Side;
}
interface Side {
  readonly types: readonly string[];
  readonly settings: Schema;
}

const root = join(import.meta.dirname, '../..');
const outdated: string[] = [];

for (const entry of globSync('connectors/*/src/connector.ts', { cwd: root })) {
  const { connector } = (await import(join(root, entry))) as { connector: Connector };
  const page = entry.replace('src/connector.ts', 'README.md');
  const committed = readFileSync(join(root, page), 'utf8');
  const fresh = withTables(committed, connector, page);
  if (process.argv.includes('--write')) writeFileSync(join(root, page), fresh);
  else if (fresh !== committed) outdated.push(page);
}
if (outdated.length > 0) {
  console.error(`Not what the schemas of the settings say: ${outdated.join(', ')}`);
  console.error('Run `npm run generate` and commit the result.');
  process.exitCode = 1;
}

function withTables(text: string, { incoming, outgoing }: Connector, page: string): string {
  const marked = /(<!-- settings:(\S+) -->\n)[^]*?(<!-- \/settings -->)/g;
  const byDirection = { incoming, outgoing };
  const sides = [incoming, outgoing].filter((side) => side !== undefined);
  const shown = new Set<unknown>();
  const fresh = text.replace(marked, (_, begin: string, name: string, end: string) => {
    const [type, direction] = name.split(':') as [string, 'incoming' | 'outgoing' | undefined];
    const candidates = direction ? [byDirection[direction]] : sides;
    const side = candidates.find((one) => one?.types.includes(type));
    if (!side) throw new Error(`${page} has a table for '${name}', which the connector is not`);
    shown.add(side);
    return `${begin}${settingsTable(side.settings)}${end}`;
  });
  for (const side of sides) {
    if (!shown.has(side)) throw new Error(`${page} has no <!-- settings:${side.types[0]} -->`);
  }
  return fresh;
}

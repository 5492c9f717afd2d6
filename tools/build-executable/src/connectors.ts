import { globSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './target.ts';

export interface Connector {
  /** The folder below connectors/: `http`. */
  readonly name: string;
  /** Absolute path of its main.ts. */
  readonly entry: string;
}

/** The connectors of this repository, or those named; throws if one named does not exist. */
export function findConnectors(names: readonly string[]): Connector[] {
  const all = globSync('connectors/*/src/main.ts', { cwd: root })
    .toSorted()
    .map((entry) => ({ name: entry.split('/')[1] ?? '', entry: join(root, entry) }));
  const known = all.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `No connectors/${unknown.join(', ')}/src/main.ts; there is: ${known.join(', ')}`,
    );
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

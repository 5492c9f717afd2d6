import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Metafile } from 'esbuild';
import { silent } from './silent-debug.ts';
import { root } from './target.ts';

/** What is used here of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name?: string };
}

/** An npm package with code in the bundle. */
export interface BundledPackage {
  /** `name@version`: unique, also if pnpm has it in several folders. */
  readonly id: string;
  readonly manifest: Manifest;
  readonly folder: string;
  /** Absolute paths of the files in the bundle. */
  readonly sources: string[];
  /** The ids of the packages that these files import. */
  readonly imports: Set<string>;
}

/** The packages whose code is left in the bundle, sorted by id. */
export function packagesIn({ inputs, outputs }: Metafile): BundledPackage[] {
  const found = new Map<string, BundledPackage>();
  const ownerOf = new Map<string, BundledPackage>();
  for (const { inputs: contents } of Object.values(outputs)) {
    for (const path of Object.keys(contents)) {
      if (path.startsWith(`${silent}:`)) continue;
      const file = join(root, path);
      const owner = packageOf(file);
      const known = found.get(owner.id) ?? owner;
      found.set(known.id, known);
      ownerOf.set(path, known);
      known.sources.push(file);
    }
  }
  for (const [path, owner] of ownerOf) {
    for (const imported of inputs[path]?.imports ?? []) {
      const id = ownerOf.get(imported.path)?.id;
      if (id && id !== owner.id) owner.imports.add(id);
    }
  }
  return [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function packageOf(file: string): BundledPackage {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (!existsSync(path)) continue;
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
    const { name, version } = manifest;
    // Packages have nameless ones within, which only say what kind of modules are there.
    if (!name || !version) continue;
    return { id: `${name}@${version}`, manifest, folder, sources: [], imports: new Set() };
  }
  throw new Error(`${file} belongs to no package, so nobody knows its licence`);
}

import { build } from 'esbuild';
import { type BundledPackage, packagesIn } from './packages.ts';
import { silentDebug } from './silent-debug.ts';
import { root } from './target.ts';

export interface Bundle {
  /** The program, with all that it imports. */
  readonly text: string;
  /** Sorted by id. */
  readonly packages: readonly BundledPackage[];
  /** The one that the program itself belongs to. */
  readonly main: BundledPackage;
  /** The licence comments within the code, often of code that a package took from elsewhere. */
  readonly comments: string;
}

/** CommonJS packages within a module call it. */
const requireInModule =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * Bundles a program with all it imports into one CommonJS text. CommonJS, because `import()` then
 * stays a lazy load within the bundle, and V8's code cache covers it; the price is that no module
 * may use top-level await or `import.meta`.
 * @param entry absolute path of the program's main file
 * @param format `esm` for a program that does, and never becomes an executable
 */
export async function bundle(entry: string, format: 'cjs' | 'esm' = 'cjs'): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    absWorkingDir: root,
    outfile: 'bundle.cjs',
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node26',
    format,
    ...(format === 'esm' ? { banner: { js: requireInModule } } : {}),
    minify: true,
    conditions: ['vrsky:source'],
    plugins: [silentDebug],
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'external',
    metafile: true,
    logLevel: 'warning',
    logOverride: { 'empty-import-meta': 'error' },
  });
  const textOf = (name: string) => outputFiles.find(({ path }) => path.endsWith(name))?.text ?? '';
  const packages = packagesIn(metafile);
  const main = packages.find(({ sources }) => sources.includes(entry));
  if (!main) throw new Error(`Nothing of ${entry} is in its bundle`);
  return {
    // A function body, which CommonJS makes of it, must not begin with a hashbang.
    text: textOf('bundle.cjs').replace(/^#!.*\n/, ''),
    packages,
    main,
    comments: textOf('LEGAL.txt'),
  };
}

import { build } from 'esbuild';

/**
 * Bundles a program with all it imports into one CommonJS text. CommonJS, because `import()` then
 * stays a lazy load within the bundle, and V8's code cache covers it; the price is that no module
 * may use top-level await or `import.meta`.
 */
export async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    minify: true,
    conditions: ['vrsky:source'],
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
    logLevel: 'warning',
    logOverride: { 'empty-import-meta': 'error' },
  });
  const text = outputFiles[0]?.text ?? '';
  // A function body, which CommonJS makes of it, must not begin with a hashbang.
  return text.replace(/^#!.*\n/, '');
}

// node tools/build-executable/src/main.ts [--target TARGET]... [NAME...]: builds NAME-connector, with
// its bill of materials, licence texts and checksums, for all connectors or those named. Those for
// this machine go to dist/bin, others to dist/bin/TARGET. `--output FILE` is another name for the one
// connector named, within that folder: http-connector.so, as a Go plugin is often called.
import { statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildArtifacts } from './artifacts.ts';
import { bundle } from './bundle.ts';
import { writeChecksums } from './checksums.ts';
import { findConnectors } from './connectors.ts';
import { signingCommand } from './signing.ts';
import { findTargets, isOwn, root, type Target } from './target.ts';

try {
  const { values, positionals } = parseArgs({
    options: {
      target: { type: 'string', multiple: true, default: [] },
      output: { type: 'string' },
    },
    allowPositionals: true,
  });
  const targets = findTargets(values.target);
  const connectors = findConnectors(positionals);
  if (values.output && connectors.length !== 1) {
    throw new Error(`--output ${values.output} is for one connector: name it, such as http`);
  }
  for (const connector of connectors) {
    const program = await bundle(connector.entry);
    for (const target of targets) {
      const folder = join(root, 'dist/bin', isOwn(target) ? '' : target);
      const path = resolve(folder, values.output ?? `${connector.name}-connector`);
      const artifacts = buildArtifacts(program, target, path, join(root, 'dist/build', target));
      writeChecksums(artifacts);
      report(artifacts.executable, target);
    }
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function report({ file, rebuilt }: { file: string; rebuilt: boolean }, target: Target): void {
  const mebibytes = (statSync(file).size / 2 ** 20).toFixed(0);
  const state = rebuilt ? 'built' : 'up to date';
  console.log(`${relative(root, file)} (${target}, ${mebibytes} MiB): ${state}`);
  if (target.startsWith('darwin')) console.log(`  not signed; on a Mac: ${signingCommand(file)}`);
}

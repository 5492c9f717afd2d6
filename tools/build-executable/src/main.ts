// node tools/build-executable/src/main.ts [NAME...]: builds dist/bin/NAME-connector and SHA256SUMS,
// for all connectors or those named.
import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { writeChecksums } from './checksums.ts';
import { findConnectors } from './connectors.ts';
import { buildExecutable, type Executable } from './executable.ts';
import { root, target } from './target.ts';

if (`${process.platform}-${process.arch}` !== target) {
  console.error(`Executables are for ${target}, and built there: this is not such a machine.`);
  process.exit(1);
}

const output = join(root, 'dist/bin');
const executables: Executable[] = [];
for (const { name, entry } of findConnectors(process.argv.slice(2))) {
  const file = join(output, `${name}-connector`);
  const executable = await buildExecutable(entry, file, join(root, 'dist/build'));
  const mebibytes = (statSync(file).size / 2 ** 20).toFixed(0);
  const state = executable.rebuilt ? 'built' : 'up to date';
  console.log(`${relative(root, file)} (${target}, ${mebibytes} MiB): ${state}`);
  executables.push(executable);
}
writeChecksums(executables, output);

// `npm start [NUMBER] [-- --once]`: builds the executables that an example needs, and runs it: the first one
// unless another is named, such as 02.
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const examples = globSync('examples/*/start.ts', { cwd: root }).toSorted();
const named = process.argv[2]?.startsWith('-') ? undefined : process.argv[2];
const example = examples.find((path) => path.startsWith(`examples/${named ?? ''}`));

if (example) await run(example);
else {
  const names = examples.map((path) => path.split('/')[1]).join(', ');
  console.error(`There is no example ${named}; there is: ${names}`);
  process.exitCode = 1;
}

async function run(path: string): Promise<void> {
  const integration = readFileSync(join(root, path, '../integration.yaml'), 'utf8');
  const connectors = integration.matchAll(/dist\/bin\/(\w+)-connector/g);
  const needed = new Set([...connectors].map(([, name = '']) => name));
  const build = join(root, 'tools/build-executable/src/main.ts');
  execFileSync(process.execPath, [build, ...needed], { stdio: 'inherit' });
  // The example reads what is left of the arguments.
  if (named !== undefined) process.argv.splice(2, 1);
  await import(join(root, path));
}

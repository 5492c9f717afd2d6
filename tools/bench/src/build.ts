import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../build-executable/src/bundle.ts';
import { buildExecutable } from '../../build-executable/src/executable.ts';
import { nodePackage } from '../../build-executable/src/node-package.ts';
import { ownTarget } from '../../build-executable/src/target.ts';

const here = join(import.meta.dirname, '..');
/** Where everything goes: nothing of the benchmark is next to what is handed out. */
export const dist = join(here, 'dist');

/** The programs in TypeScript. */
const entries = {
  tsHost: fileURLToPath(new URL('../ts-host/main.ts', import.meta.url)),
  connector: fileURLToPath(new URL('../connector/main.ts', import.meta.url)),
  floor: fileURLToPath(new URL('../floor/main.ts', import.meta.url)),
};

/** What the benchmark runs, as commands. */
export interface Built {
  readonly goHost: readonly string[];
  readonly tsHost: readonly string[];
  readonly peer: readonly string[];
  readonly goConnector: readonly string[];
  readonly connector: readonly string[];
  readonly floor: readonly string[];
}

/** Builds the Go programs and the executables. */
export async function build(): Promise<Built> {
  return {
    ...buildGo(join(dist, 'go')),
    tsHost: await bundled('tsHost', dist),
    connector: [await executable('connector')],
    floor: [await executable('floor')],
  };
}

/** Builds the Go programs into a folder. */
export function buildGo(folder: string): Pick<Built, 'goHost' | 'peer' | 'goConnector'> {
  mkdirSync(folder, { recursive: true });
  const programs = ['./host', './peer', './connector'];
  execFileSync('go', ['build', '-o', `${folder}/`, ...programs], {
    cwd: join(here, 'go'),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return {
    goHost: [join(folder, 'host')],
    peer: [join(folder, 'peer')],
    goConnector: [join(folder, 'connector')],
  };
}

/** Bundles a program into a folder; gives the command that runs it. */
export async function bundled(name: keyof typeof entries, folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.cjs`);
  writeFileSync(file, (await bundle(entries[name])).text);
  return [process.execPath, file];
}

/** Built just as the executables that are handed out. */
async function executable(name: 'connector' | 'floor'): Promise<string> {
  const { text } = await bundle(entries[name]);
  const target = ownTarget();
  const ingredients = { text, notices: '', target, node: nodePackage(target) };
  return buildExecutable(ingredients, join(dist, name), join(dist, 'work')).file;
}

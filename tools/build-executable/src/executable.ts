import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { heapFlags } from './heap-flags.ts';
import type { NodePackage } from './node-package.ts';
import { preparedNode } from './prepared-node.ts';
import { isOwn, type Target } from './target.ts';

// The permission model with all files open: a plugin closes them once its listener exists.
const execArgv = [
  '--permission',
  '--allow-net',
  '--allow-fs-read=*',
  '--allow-fs-write=*',
  // SQLite opens files by itself: the permission model does not see them.
  '--no-experimental-sqlite',
  // A signal, which any process of the same user can send, must not open a debugger.
  '--disable-sigusr1',
  ...heapFlags,
  '--v8-pool-size=1',
  '--disable-warning=ExperimentalWarning',
];

// V8 puts its hash seed into the code cache, so a random one would make every build differ. The
// executable itself starts with a random one all the same. The flags of the heap, though, must be the same:
// V8 takes no code cache that was made with others.
const builderArgv = ['--random-seed=1', ...heapFlags, '--build-sea'];

export interface Ingredients {
  /** The bundled program. */
  readonly text: string;
  /** What it prints for `--licenses`. */
  readonly notices: string;
  readonly target: Target;
  readonly node: NodePackage;
}

export interface Executable {
  readonly file: string;
  /** Hex digest of the file. */
  readonly sha256: string;
  /** False if the file was there already, made of the same parts. */
  readonly rebuilt: boolean;
}

/**
 * Makes one executable.
 * @param file where it goes
 * @param workFolder keeps the parts, and the note of what each executable was made of; one per target
 */
export function buildExecutable(
  { text, notices, target, node }: Ingredients,
  file: string,
  workFolder: string,
): Executable {
  mkdirSync(workFolder, { recursive: true });
  mkdirSync(dirname(file), { recursive: true });
  const name = basename(file);
  const inWork = (suffix: string) => join(workFolder, name + suffix);
  // Relative paths, because that of `main` goes into the executable.
  const seaConfig = JSON.stringify({
    main: `${name}.cjs`,
    mainFormat: 'commonjs',
    output: `${name}.unfinished`,
    executable: preparedNode(target, node, workFolder),
    // The runtime looks for it by this name.
    assets: { licenses: `${name}.licenses.txt` },
    disableExperimentalSEAWarning: true,
    // It is of use only to the V8 that made it: another platform's would reject it, or crash.
    useCodeCache: isOwn(target),
    execArgv,
    // NODE_OPTIONS could take back what the permission model forbids.
    execArgvExtension: 'none',
  });

  // Everything that decides about the result; the path of the Node carries its version.
  const madeOf = sha256([builderArgv.join(' '), seaConfig, text, notices].join('\n'));
  const before = readNote(inWork('.json'));
  if (before?.madeOf === madeOf && existsSync(file)) {
    return { file, sha256: before.sha256, rebuilt: false };
  }

  writeFileSync(inWork('.cjs'), text);
  writeFileSync(inWork('.licenses.txt'), notices);
  writeFileSync(inWork('.sea.json'), seaConfig);
  const argv = [...builderArgv, `${name}.sea.json`];
  execFileSync(process.execPath, argv, { cwd: workFolder, stdio: 'pipe' });
  chmodSync(inWork('.unfinished'), 0o755);
  const digest = sha256(readFileSync(inWork('.unfinished')));
  // Renaming spares a running copy of the old file.
  renameSync(inWork('.unfinished'), file);
  writeFileSync(inWork('.json'), JSON.stringify({ madeOf, sha256: digest }));
  return { file, sha256: digest, rebuilt: true };
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function readNote(file: string): { madeOf: string; sha256: string } | undefined {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

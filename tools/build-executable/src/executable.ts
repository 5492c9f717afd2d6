import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { bundle } from './bundle.ts';
import { strippedNode } from './stripped-node.ts';

// The permission model with all files open: a plugin closes them once its listener exists. The rest
// keeps Node small: a connector moves messages, it computes little.
const execArgv = [
  '--permission',
  '--allow-net',
  '--allow-fs-read=*',
  '--allow-fs-write=*',
  '--max-semi-space-size=2',
  '--v8-pool-size=1',
  '--disable-warning=ExperimentalWarning',
];

export interface Executable {
  readonly file: string;
  /** Hex digest of the file. */
  readonly sha256: string;
  /** False if the file was there already, made of the same parts. */
  readonly rebuilt: boolean;
}

/**
 * Makes one executable of a program.
 * @param entry the program's main file
 * @param file where the executable goes
 * @param workFolder keeps the parts, and the note of what each executable was made of
 */
export async function buildExecutable(
  entry: string,
  file: string,
  workFolder: string,
): Promise<Executable> {
  mkdirSync(workFolder, { recursive: true });
  mkdirSync(dirname(file), { recursive: true });
  const part = join(workFolder, basename(file));
  const main = `${part}.cjs`;
  const unfinished = `${part}.unfinished`;
  const node = strippedNode(workFolder);
  const seaConfig = JSON.stringify({
    main,
    mainFormat: 'commonjs',
    output: unfinished,
    executable: node,
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    execArgv,
    // NODE_OPTIONS could take back what the permission model forbids.
    execArgvExtension: 'none',
  });

  // Everything that decides about the result; the name of the stripped Node carries its version.
  const text = await bundle(entry);
  const madeOf = sha256(`${seaConfig}\n${text}`);
  const note = `${part}.json`;
  const before = readNote(note);
  if (before?.madeOf === madeOf && existsSync(file)) {
    return { file, sha256: before.sha256, rebuilt: false };
  }

  writeFileSync(main, text);
  writeFileSync(`${part}.sea.json`, seaConfig);
  execFileSync(process.execPath, ['--build-sea', `${part}.sea.json`], { stdio: 'pipe' });
  chmodSync(unfinished, 0o755);
  const digest = sha256(readFileSync(unfinished));
  // Renaming spares a running copy of the old file.
  renameSync(unfinished, file);
  writeFileSync(note, JSON.stringify({ madeOf, sha256: digest }));
  return { file, sha256: digest, rebuilt: true };
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function readNote(file: string): { madeOf: string; sha256: string } | undefined {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

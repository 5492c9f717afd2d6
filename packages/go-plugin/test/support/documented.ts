import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

const packageFolder = join(import.meta.dirname, '../..');
/** A code block whose first comment is the name of its file. */
const namedBlock = /```\w+\n((?:#!.*\n)?(?:\/\/|#) ([\w./-]+\.\w+).*\n[^]*?)```/g;

/**
 * The files that a page shows, written out as a reader would, with their generated code. Within the package, so that its
 * own name and its dependencies are found.
 * @param others files that a reader gets elsewhere
 */
export function writeDocumentedFiles(
  page: string,
  others: readonly string[] = [],
): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(packageFolder, 'test', 'documented-'));
  const text = readFileSync(join(packageFolder, page), 'utf8');
  for (const [, code = '', name = ''] of text.matchAll(namedBlock)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    // The readers' Node.js finds built packages, ours the sources.
    const [interpreter, forSources] = [
      '#!/usr/bin/env node',
      '#!/usr/bin/env -S node --conditions=vrsky:source',
    ];
    writeFileSync(path, code.replace(interpreter, forSources));
    if (code.startsWith('#!')) chmodSync(path, 0o755);
  }
  for (const path of others) copyFileSync(path, join(folder, basename(path)));
  execFileSync('buf', ['generate'], { cwd: folder, stdio: 'pipe' });
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

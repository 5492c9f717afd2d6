// Compares the committed generated code with what buf makes of the .proto files now.
// With --write it generates it anew (npm run generate).
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { needs } from '../testing/require-program.ts';

const templates = globSync('{,packages/*/test/proto/}buf.gen*.yaml').toSorted().filter(canGenerate);

if (process.argv.includes('--write')) for (const template of templates) generate(template);
else check();

function check(): void {
  const fresh = mkdtempSync(join(tmpdir(), 'vrsky-generated-'));
  try {
    const outdated = templates.flatMap((template) => {
      generate(template, '--output', fresh);
      return outputsOf(template).flatMap((folder) => differences(join(fresh, folder), folder));
    });
    if (outdated.length === 0) return;
    console.error(`Not what the .proto files say: ${[...new Set(outdated)].join(', ')}`);
    console.error('Run `npm run generate` and commit the result.');
    process.exitCode = 1;
  } finally {
    rmSync(fresh, { recursive: true });
  }
}

function generate(template: string, ...options: string[]): void {
  execFileSync('buf', ['generate', '--template', template, ...options], { stdio: 'inherit' });
}

function canGenerate(template: string): boolean {
  if (basename(template) !== 'buf.gen.go.yaml' || needs('go')) return true;
  console.log(`Skipped ${template}: there is no 'go' on the PATH.`);
  return false;
}

function outputsOf(template: string): string[] {
  const text = readFileSync(template, 'utf8');
  return [...text.matchAll(/^ +out: (\S+)$/gm)].map(([, folder = '']) => folder);
}

/** The files of a folder that are missing, superfluous or different in another one. */
function differences(fresh: string, committed: string): string[] {
  const names = new Set([...filesIn(fresh), ...filesIn(committed)]);
  return [...names]
    .filter((name) => read(join(fresh, name)) !== read(join(committed, name)))
    .map((name) => join(committed, name));
}

function filesIn(folder: string): string[] {
  return globSync('**', { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length));
}

function read(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

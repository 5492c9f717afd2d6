import { writeFileSync } from 'node:fs';
import type { Bundle } from './bundle.ts';
import { buildExecutable, type Executable } from './executable.ts';
import { nodePackage } from './node-package.ts';
import { notices } from './notices.ts';
import { sbom } from './sbom.ts';
import { signingNote } from './signing.ts';
import type { Target } from './target.ts';

/** An executable and what is handed out with it. */
export interface Artifacts {
  readonly executable: Executable;
  /** The bill of materials, the licence texts and, for macOS, how to sign: next to the executable. */
  readonly documents: readonly string[];
}

/**
 * Builds a program for a target.
 * @param path of the executable, without the ending that Windows wants
 * @param workFolder keeps parts for the next build; one per target
 */
export function buildArtifacts(
  program: Bundle,
  target: Target,
  path: string,
  workFolder: string,
): Artifacts {
  const node = nodePackage(target);
  const texts = notices(program, node);
  const file = target.startsWith('win') ? `${path}.exe` : path;
  const ingredients = { text: program.text, notices: texts, target, node };
  const executable = buildExecutable(ingredients, file, workFolder);

  const documents = new Map([
    [`${file}.cdx.json`, sbom(program, executable, node)],
    [`${file}.licenses.txt`, texts],
  ]);
  if (target.startsWith('darwin')) documents.set(`${file}.unsigned.txt`, signingNote(file));
  for (const [document, content] of documents) writeFileSync(document, content);
  return { executable, documents: [...documents.keys()] };
}

import { join } from '../paths.ts';
import type { RemoteEntry, RemoteFiles } from '../remote/remote-files.ts';
import type { Template } from '../template.ts';
import { originalPath, parseClaim } from './claim.ts';
import type { FoundFile } from './found-file.ts';
import type { Selection } from './select.ts';
import type { IncomingSettings } from './settings.ts';

export interface SurveyOptions {
  readonly settings: IncomingSettings;
  readonly selection: Selection;
  readonly root: string;
  /** Directories that are never entered: where finished, failed and claimed files go. */
  readonly ownDirectories: ReadonlySet<string>;
  readonly claimDirectory: string | undefined;
  readonly instanceId: string;
  readonly doneFile: Template | undefined;
}

export interface Survey {
  /** Files that the settings select, in no order. */
  readonly files: FoundFile[];
  /** Files that this instance had claimed before. */
  readonly ownClaims: FoundFile[];
  readonly foreignClaims: FoundFile[];
}

/** Looks into the directory and, if wanted, those below. */
export async function survey(
  remote: RemoteFiles,
  options: SurveyOptions,
  signal: AbortSignal,
): Promise<Survey> {
  const { settings, root, claimDirectory } = options;
  const found: Survey = { files: [], ownClaims: [], foreignClaims: [] };
  const depth = settings.recursive ? settings.maxDepth : 0;
  await visit(root, '', depth);
  if (claimDirectory && (await remote.stat(claimDirectory, signal))) {
    await visitClaims(claimDirectory, depth);
  }
  return found;

  async function visit(directory: string, relative: string, levels: number): Promise<void> {
    const entries = await remote.list(directory, signal);
    const names = new Set(options.doneFile && entries.map(({ name }) => name));
    for (const entry of entries) {
      const below = relative ? `${relative}/${entry.name}` : entry.name;
      const path = join(directory, entry.name);
      if (entry.kind === 'file') look(entry, path, below, names);
      const enters = entry.kind === 'directory' && levels > 0 && !options.ownDirectories.has(path);
      if (enters && options.selection.enters(below)) await visit(path, below, levels - 1);
    }
  }

  function look(
    entry: RemoteEntry,
    path: string,
    relative: string,
    names: ReadonlySet<string>,
  ): void {
    if (lookForClaim(entry, path)) return;
    const marker = options.doneFile?.render((variable) =>
      variable === 'name' ? entry.name : undefined,
    );
    if (marker !== undefined && !names.has(marker)) return;
    const file = toFile(entry, path, relative, marker);
    if (options.selection.takes(file)) found.files.push(file);
  }

  async function visitClaims(directory: string, levels: number): Promise<void> {
    for (const entry of await remote.list(directory, signal)) {
      const path = join(directory, entry.name);
      if (entry.kind === 'file') lookForClaim(entry, path);
      if (entry.kind === 'directory' && levels > 0) await visitClaims(path, levels - 1);
    }
  }

  function lookForClaim(entry: RemoteEntry, where: string): boolean {
    const parsed = parseClaim(entry.name);
    if (!parsed) return false;
    const path = originalPath(root, claimDirectory ?? root, where, parsed.name);
    const marker = options.doneFile?.render((variable) =>
      variable === 'name' ? parsed.name : undefined,
    );
    const file = {
      ...toFile(entry, path, path.slice(root.length).replace(/^\//, ''), marker),
      where,
    };
    (parsed.instanceId === options.instanceId ? found.ownClaims : found.foreignClaims).push(file);
    return true;
  }
}

function toFile(
  { size, modifiedAt, uniqueId }: RemoteEntry,
  path: string,
  relative: string,
  marker: string | undefined,
): FoundFile {
  const cut = path.lastIndexOf('/') + 1;
  const name = path.slice(cut);
  const markerPath = marker === undefined ? undefined : path.slice(0, cut) + marker;
  return { name, path, relative, where: path, size, modifiedAt, uniqueId, marker: markerPath };
}

import picomatch from 'picomatch';
import type { FoundFile } from './found-file.ts';
import type { IncomingSettings } from './settings.ts';

/** What the settings say of names and sizes. */
export interface Selection {
  /** Whether to go down into a directory, given its path below `directory`. */
  enters(relative: string): boolean;
  takes(file: FoundFile): boolean;
  /** In the order in which they shall be delivered. */
  sort(files: FoundFile[]): FoundFile[];
}

/** Patterns without a slash are of the name alone; a leading dot is a letter like any other. */
const OPTIONS = { dot: true, basename: true };

export function createSelection(settings: IncomingSettings): Selection {
  const { include, exclude, minSize, afterProcess, renameSuffix, sort, descending } = settings;
  const isIncluded = picomatch([...include], OPTIONS);
  const isExcluded = exclude.length > 0 ? picomatch([...exclude], OPTIONS) : () => false;
  const isDone = (name: string): boolean =>
    afterProcess === 'renameSuffix' && name.replace(/-\d+$/, '').endsWith(renameSuffix);
  const byPath = (a: FoundFile, b: FoundFile): number => (a.path < b.path ? -1 : 1);
  const orders: Record<typeof sort, (a: FoundFile, b: FoundFile) => number> = {
    mtime: (a, b) => (a.modifiedAt ?? 0) - (b.modifiedAt ?? 0) || byPath(a, b),
    size: (a, b) => a.size - b.size || byPath(a, b),
    name: (a, b) => (a.name === b.name ? byPath(a, b) : a.name < b.name ? -1 : 1),
    none: () => 0,
  };
  const order = orders[sort];
  return {
    enters: (relative) => !isExcluded(relative),
    takes: ({ name, relative, size }) =>
      size >= minSize && !isDone(name) && isIncluded(relative) && !isExcluded(relative),
    sort: (files) => files.sort(descending ? (a, b) => order(b, a) : order),
  };
}

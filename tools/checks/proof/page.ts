/** One row of a table whose last column is headed "shown by". */
export interface Case {
  /** The row's line in its page, from 1. */
  readonly line: number;
  /** The first cell. */
  readonly id: string;
  /** The tests that show it; none only if `exempt`. */
  readonly references: readonly Reference[];
  /** Says why no test shows it: `not run: …` or `later: …`. */
  readonly exempt?: string;
}

/** `file › name`: a test, or a suite and with it all of its tests. */
export interface Reference {
  readonly file: string;
  /** As it stands in the code, placeholders such as `%s` and `$name` included. */
  readonly name: string;
}

export interface Page {
  readonly path: string;
  readonly cases: readonly Case[];
  /** The ids that the page promises by `<!-- cases: 1-38 -->`. */
  readonly promised: readonly string[];
}

/**
 * Reads the tables of a page.
 * @param path from the root of the repository; a file without a folder is beside the page
 */
export function readPage(path: string, text: string): Page {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const cases: Case[] = [];
  let inTable = false;
  for (const [index, line] of text.split('\n').entries()) {
    const cells = line.startsWith('|') ? cellsOf(line) : [];
    if (cells.length === 0) inTable = false;
    else if (cells.at(-1) === 'shown by') inTable = true;
    else if (inTable && !/^:?-+:?$/.test(cells[0] ?? '')) {
      cases.push(caseOf(cells, index + 1, folder));
    }
  }
  return { path, cases, promised: promisedIn(text) };
}

function caseOf(cells: readonly string[], line: number, folder: string): Case {
  const [id = ''] = cells;
  const shownBy = cells.at(-1) ?? '';
  if (/^(not run|later): ./.test(shownBy)) return { line, id, references: [], exempt: shownBy };
  const spans = [...shownBy.matchAll(/(`+) ?(.+?) ?\1(?!`)/g)].map(([, , span = '']) => span);
  const references = spans.map((span) => {
    const [file = '', ...name] = span.split(' › ');
    return { file: file.includes('/') ? file : folder + file, name: name.join(' › ') };
  });
  return { line, id, references };
}

function cellsOf(line: string): string[] {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function promisedIn(text: string): string[] {
  const [, list = ''] = /^<!-- cases: ([\d, -]+) -->$/m.exec(text) ?? [];
  return list
    .split(',')
    .filter(Boolean)
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
    });
}

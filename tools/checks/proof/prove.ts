import type { TestRecord } from '../../testing/records.ts';
import type { Case, Page, Reference } from './page.ts';

/** Why a case is not shown by the tests of a run. */
export interface Doubt {
  /** Where the case stands: `docs/specification.md:31`. */
  readonly where: string;
  readonly text: string;
  /** Its tests were there and did not run: no failure where a program is missing, outside of CI. */
  readonly skipped: boolean;
}

/**
 * Compares a page with the tests of a run.
 * @param inScope which references the run can show at all: the slow tests have a run of their own
 */
export function prove(
  page: Page,
  tests: readonly TestRecord[],
  inScope: (reference: Reference) => boolean,
): Doubt[] {
  const ids = new Set(page.cases.map(({ id }) => id));
  const absent = page.promised.filter((id) => !ids.has(id));
  return [
    ...absent.map((id) => doubt(page, `there is no case ${id}, though the page promises it`)),
    ...page.cases.flatMap((one) => proveCase(page, one, tests, inScope)),
  ];
}

function proveCase(
  page: Page,
  { id, line, references, exempt }: Case,
  tests: readonly TestRecord[],
  inScope: (reference: Reference) => boolean,
): Doubt[] {
  if (!exempt && references.length === 0) {
    return [
      doubt(page, `case ${id} names no test: write \`file › name\`, or \`not run: why\``, line),
    ];
  }
  return references.filter(inScope).flatMap(({ file, name }) => {
    const wanted = patternOf(name);
    const found = name ? tests.filter((test) => test.file === file && wanted.test(test.name)) : [];
    const test = `${file} › ${name}`;
    if (found.length === 0) return [doubt(page, `case ${id}: no such test ran: ${test}`, line)];
    const bad = found.find(({ state }) => state === 'failed') ?? found.find(isSkipped);
    if (!bad) return [];
    return [doubt(page, `case ${id}: ${bad.state}: ${test}`, line, isSkipped(bad))];
  });
}

function isSkipped({ state }: TestRecord): boolean {
  return state === 'skipped';
}

function doubt({ path }: Page, text: string, line?: number, skipped = false): Doubt {
  return { where: line === undefined ? path : `${path}:${line}`, text, skipped };
}

/**
 * Finds a test by its name, with or without its suites, or all tests of a suite. `%s`, `$name` and a `…` at
 * the end are any text: then all tests of that form have to pass.
 */
function patternOf(name: string): RegExp {
  const parts = name.split(/%[sdifjoOc#]|\$[A-Za-z_][\w.]*|…$/).map(RegExp.escape);
  return new RegExp(`(?:^| > )${parts.join('.*')}(?: > |$)`, 's');
}

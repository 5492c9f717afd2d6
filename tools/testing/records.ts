import { appendFileSync, readFileSync } from 'node:fs';
import { env } from 'node:process';

/** How one test ended. */
export interface TestRecord {
  /** Path of its file from the root of the repository; of a Go test, the folder of its package. */
  readonly file: string;
  /** Its suites and its own name, joined by ` > `. */
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
}

/** A program that tests needed, and that was not there. */
export interface MissingProgram {
  readonly missing: string;
}

/**
 * Appends to the records of this `npm test`, which makes an empty file for them at its start and names it
 * in the environment. A runner started by hand records nothing, unless the variable is set by hand.
 */
export function record(...records: readonly (TestRecord | MissingProgram)[]): void {
  const file = env['VRSKY_TEST_RECORDS'];
  if (!file || records.length === 0) return;
  appendFileSync(file, records.map((one) => `${JSON.stringify(one)}\n`).join(''));
}

export function readRecords(file: string): { tests: TestRecord[]; missing: Set<string> } {
  const tests: TestRecord[] = [];
  const missing = new Set<string>();
  for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const one = JSON.parse(line) as TestRecord | MissingProgram;
    if ('missing' in one) missing.add(one.missing);
    else tests.push(one);
  }
  return { tests, missing };
}

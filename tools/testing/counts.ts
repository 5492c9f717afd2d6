import { appendFileSync } from 'node:fs';
import { env } from 'node:process';

/** How many tests of one runner (vitest, go test) ended in which way. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Hands the counts to `npm test`, which adds up those of all runners and prints one summary line at
 * its end. A runner started by hand prints its own line.
 */
export function reportCounts(counts: Counts): void {
  const file = env['VRSKY_TEST_COUNTS'];
  if (file) appendFileSync(file, `${JSON.stringify(counts)}\n`);
  else console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
}

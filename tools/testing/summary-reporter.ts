import { env } from 'node:process';
import type { SerializedError } from 'vitest';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { type Counts, reportCounts } from './counts.ts';

/** A test or suite with this in its name may be skipped in CI; the rest of the name says why. */
const mayBeSkipped = '(may be skipped: ';

/** Reports `N passed, N failed, N skipped`; in CI, skipping without a stated reason is a failure. */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    // What fails outside a test (a file that does not load, a stray rejection) is a failure, too.
    const counts: Counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
      for (const test of module.children.allTests()) count(test, counts);
    }
    reportCounts(counts);
  }
}

function count(test: TestCase, counts: Counts): void {
  const { state } = test.result();
  if (state === 'passed' || state === 'failed') {
    counts[state] += 1;
  } else if (env['CI'] && !test.fullName.includes(mayBeSkipped)) {
    console.error(`Skipped in CI without a reason in its name: ${test.fullName}`);
    counts.failed += 1;
    process.exitCode = 1;
  } else {
    counts.skipped += 1;
  }
}

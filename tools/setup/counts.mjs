import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Collects the test counts that the runners (vitest, go test) append to the file named in the
 * environment, and prints their sum as one line, which CI reads.
 */
export function collectCounts(env) {
  const folder = mkdtempSync(join(tmpdir(), 'vrsky-counts-'));
  const file = join(folder, 'counts.jsonl');
  env.VRSKY_TEST_COUNTS = file;

  return {
    print() {
      const sum = { passed: 0, failed: 0, skipped: 0 };
      for (const line of read(file).split('\n').filter(Boolean)) {
        for (const [kind, count] of Object.entries(JSON.parse(line))) sum[kind] += count;
      }
      rmSync(folder, { recursive: true, force: true });
      console.log(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
    },
  };
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // No runner got as far as counting.
  }
}

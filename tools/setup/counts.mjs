import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './root.mjs';

/**
 * Collects what the runners (vitest, go test) append to the files named in the environment: how many tests
 * ended in which way, and how each of them ended. The files are new, so nothing of an earlier run counts.
 */
export function collectCounts(env) {
  const folder = mkdtempSync(join(tmpdir(), 'vrsky-counts-'));
  const counts = join(folder, 'counts.jsonl');
  const records = join(folder, 'records.jsonl');
  for (const file of [counts, records]) writeFileSync(file, '');
  env.VRSKY_TEST_COUNTS = counts;
  env.VRSKY_TEST_RECORDS = records;

  return {
    /** Prints the sum as one line, which CI reads, and says why tests were skipped. */
    print() {
      const sum = { passed: 0, failed: 0, skipped: 0 };
      for (const entry of linesOf(counts)) {
        for (const [kind, count] of Object.entries(entry)) sum[kind] += count;
      }
      const missing = new Set(linesOf(records).flatMap((entry) => entry.missing ?? []));
      const reasons = [...missing].map((program) => `${program} is missing${howToGet(program)}`);
      rmSync(folder, { recursive: true, force: true });
      const why = reasons.length > 0 ? `: ${reasons.join(', ')}` : '';
      console.log(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped${why}`);
    },
  };
}

function linesOf(file) {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

/** By the list of programs: ` (apt-get install proftpd-core)`. */
function howToGet(program) {
  const list = readFileSync(join(root, 'tools/setup/programs.txt'), 'utf8');
  const [, , how, packages] = list.match(new RegExp(`^(${program}) +(\\w+) +(.+)$`, 'm')) ?? [];
  if (how === 'install') return ` (apt-get install ${packages})`;
  return how === 'unpack' ? ' (.ci/run installs it)' : '';
}

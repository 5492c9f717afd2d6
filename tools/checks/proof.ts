// The last step of `npm test`: compares the tables that say which test shows what with the tests that ran
// and passed in this run. `--faults` compares what they name in faults/, for `npm run faults`.
// By hand, for some tests and pages:
//   export VRSKY_TEST_RECORDS=$(mktemp)
//   npx vitest run FILE...; node tools/checks/proof.ts docs/specification.md
import { globSync, readFileSync } from 'node:fs';
import { env } from 'node:process';
import { parseArgs } from 'node:util';
import { readRecords } from '../testing/records.ts';
import { type Reference, readPage } from './proof/page.ts';
import { prove } from './proof/prove.ts';

const pages = [
  'docs/specification.md',
  'connectors/*/test/ACCEPTANCE.md',
  'packages/go-plugin/conformance/README.md',
];

const { values, positionals } = parseArgs({
  options: { faults: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const file = env['VRSKY_TEST_RECORDS'];
if (file) check(file, positionals.length > 0 ? positionals : globSync(pages).toSorted());
else {
  console.error('No tests were recorded: `npm test` records its tests, and runs this at its end.');
  process.exitCode = 1;
}

function check(records: string, paths: readonly string[]): void {
  const { tests, missing } = readRecords(records);
  const inScope = (reference: Reference) => reference.file.startsWith('faults/') === values.faults;
  const read = paths.map((path) => readPage(path, readFileSync(path, 'utf8')));
  const doubts = read.flatMap((page) => prove(page, tests, inScope));

  // A missing program explains what was skipped, but not in CI, which has them all.
  const mayBeSkipped = missing.size > 0 && !env['CI'];
  const failures = doubts.filter(({ skipped }) => !(skipped && mayBeSkipped));
  for (const { where, text } of failures) console.error(`${where}: ${text}`);
  const cases = read.flatMap((page) => page.cases.filter((one) => one.references.some(inScope)));
  const unseen = doubts.length - failures.length;
  console.log(
    `${cases.length} cases in ${read.length} pages: ${failures.length} not shown, ` +
      `${unseen} skipped${unseen > 0 ? ` (missing here: ${[...missing].join(', ')})` : ''}`,
  );
  if (failures.length > 0) process.exitCode = 1;
}

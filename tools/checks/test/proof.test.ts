import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, expect, test } from 'vitest';

const proof = join(import.meta.dirname, '../proof.ts');
const folder = mkdtempSync(join(tmpdir(), 'vrsky-proof-'));
afterAll(() => rmSync(folder, { recursive: true }));

const records = [
  { file: 'a/one.test.ts', name: 'a suite > passes', state: 'passed' },
  { file: 'a/one.test.ts', name: 'a suite > passes with 1', state: 'passed' },
  { file: 'a/one.test.ts', name: 'a suite > passes with 2', state: 'passed' },
  { file: 'a/one.test.ts', name: 'fails with 1', state: 'passed' },
  { file: 'a/one.test.ts', name: 'fails with 2', state: 'failed' },
  { file: 'a/one.test.ts', name: 'is skipped', state: 'skipped' },
  { file: 'a/one.test.ts', name: '7: takes a|b and `c`', state: 'passed' },
  // Run by two projects, and it passes in only one of them.
  { file: 'a/two.test.ts', name: 'passes here', state: 'passed' },
  { file: 'a/two.test.ts', name: 'passes here', state: 'failed' },
  { file: 'go/package', name: 'TestOne > a_subtest', state: 'passed' },
  { file: 'faults/x.test.ts', name: 'slow', state: 'passed' },
];

interface Run {
  readonly more?: readonly object[];
  readonly args?: readonly string[];
  readonly ci?: boolean;
  readonly text?: string;
}

/** Checks a page of rows, each told by its last cell; answers what is wrong with it. */
function check(shownBy: readonly string[], { more = [], args = [], ci, text = '' }: Run = {}) {
  const page = join(folder, 'page.md');
  const file = join(folder, 'records.jsonl');
  const rows = shownBy.map((cell, index) => `| ${index + 1} | what it does | ${cell} |\n`);
  const head = '| case | behaviour | shown by |\n| --- | --- | --- |\n';
  writeFileSync(page, `${text}\n\n${head}${rows.join('')}\n| another | table |\n`);
  writeFileSync(file, [...records, ...more].map((one) => `${JSON.stringify(one)}\n`).join(''));
  const { CI: _, ...rest } = env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [proof, ...args, page], {
    encoding: 'utf8',
    env: { ...rest, ...(ci ? { CI: 'true' } : {}), VRSKY_TEST_RECORDS: file },
  });
  return { status, stdout, doubts: stderr.replaceAll(page, 'page.md').split('\n').slice(0, -1) };
}

test('tests, forms of tests, suites and Go tests that passed show their cases', () => {
  const { status, doubts, stdout } = check([
    '`a/one.test.ts › passes`',
    '`a/one.test.ts › a suite > passes`, `go/package › TestOne`',
    '`a/one.test.ts › passes with %i`',
    '`a/one.test.ts › a suite`',
    '``a/one.test.ts › 7: takes a\\|b and `c` ``',
    '`a/one.test.ts › 7: …`',
    'not run: there is no such machine',
    'later: the sandbox',
  ]);
  expect(doubts).toEqual([]);
  expect(status).toBe(0);
  expect(stdout).toBe('6 cases in 1 pages: 0 not shown, 0 skipped\n');
});

test.each([
  ['`a/one.test.ts › is not there`', 'no such test ran: a/one.test.ts › is not there'],
  ['`a/three.test.ts › passes`', 'no such test ran: a/three.test.ts › passes'],
  ['`a/one.test.ts › passe`', 'no such test ran: a/one.test.ts › passe'],
  ['`a/one.test.ts`', 'no such test ran: a/one.test.ts › '],
  ['`a/one.test.ts › passes`, `a/one.test.ts › nor`', 'no such test ran: a/one.test.ts › nor'],
  ['`a/one.test.ts › fails with %i`', 'failed: a/one.test.ts › fails with %i'],
  ['`a/two.test.ts › passes here`', 'failed: a/two.test.ts › passes here'],
  ['`a/one.test.ts › is skipped`', 'skipped: a/one.test.ts › is skipped'],
])('%s does not show its case: %s', (cell, text) => {
  expect(check([cell])).toMatchObject({ status: 1, doubts: [`page.md:5: case 1: ${text}`] });
});

test('a case without a test fails', () => {
  const { status, doubts } = check(['a test in words']);
  expect({ status, doubts }).toEqual({
    status: 1,
    doubts: ['page.md:5: case 1 names no test: write `file › name`, or `not run: why`'],
  });
});

test('a case that the page promises and does not have fails', () => {
  const { status, doubts } = check(['`a/one.test.ts › passes`'], {
    text: '<!-- cases: 1, 3-4 -->',
  });
  expect({ status, doubts }).toEqual({
    status: 1,
    doubts: [3, 4].map((id) => `page.md: there is no case ${id}, though the page promises it`),
  });
});

test('where a program is missing what is skipped is reported, and fails in CI', () => {
  const more = [{ missing: 'proftpd' }];
  const skipped = ['`a/one.test.ts › is skipped`'];
  const here = check(skipped, { more });
  expect(here).toMatchObject({ status: 0, doubts: [] });
  expect(here.stdout).toContain('0 not shown, 1 skipped (missing here: proftpd)');
  expect(check(skipped, { more, ci: true }).status).toBe(1);
  expect(check(['`a/one.test.ts › is not there`'], { more }).status).toBe(1);
});

test('what is in faults/ is checked with the faults, and nothing else', () => {
  const page = ['`faults/x.test.ts › slow`', '`faults/x.test.ts › gone`', '`a/one.test.ts › gone`'];
  const one = (line: number, file: string) =>
    `page.md:${line}: case ${line - 4}: no such test ran: ${file} › gone`;
  expect(check(page).doubts).toEqual([one(7, 'a/one.test.ts')]);
  expect(check(page, { args: ['--faults'] }).doubts).toEqual([one(6, 'faults/x.test.ts')]);
});

test('without records it fails, and says how they are made', () => {
  const { VRSKY_TEST_RECORDS: _, ...rest } = env;
  const { status, stderr } = spawnSync(process.execPath, [proof], { encoding: 'utf8', env: rest });
  expect(status).toBe(1);
  expect(stderr).toContain('`npm test` records its tests');
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { env } from 'node:process';
import { afterAll, expect, test } from 'vitest';
import { readRecords } from '../records.ts';

// Small test files, run by a vitest of their own with this repository's reporter and setup.
const testing = join(import.meta.dirname, '..');
const root = join(testing, '../..');
const folder = mkdtempSync(join(root, 'node_modules/.vrsky-testing-'));
afterAll(() => rmSync(folder, { recursive: true }));

writeFileSync(
  join(folder, 'vitest.config.ts'),
  `import { RecordReporter } from '${testing}/record-reporter.ts';
  import { SummaryReporter } from '${testing}/summary-reporter.ts';
  export default { test: {
    include: ['**/*.test.ts'],
    exclude: [],
    reporters: [new SummaryReporter(), new RecordReporter()],
    globalSetup: ['${testing}/leftovers.ts'],
  } };`,
);

function run(body: string, extra: Record<string, string> = {}) {
  const imports = `import { test, describe } from 'vitest';
    import { spawn } from 'node:child_process';
    import { tmpdir } from 'node:os';
    import { needs } from '${testing}/require-program.ts';\n`;
  writeFileSync(join(folder, 'some.test.ts'), imports + body);
  const { CI: _, VRSKY_TEST_COUNTS: __, VRSKY_TEST_RECORDS: ___, ...rest } = env;
  return spawnSync('vitest', ['run', '--root', folder], {
    env: { ...rest, ...extra, PATH: `${join(root, 'node_modules/.bin')}:${env['PATH']}` },
    encoding: 'utf8',
  });
}

test('the last line counts what passed, failed and was skipped', () => {
  const { status, stdout } = run(
    `test('a', () => {}); test('b', () => { throw new Error(); }); test.skip('c', () => {});`,
  );
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('1 passed, 1 failed, 1 skipped');
  expect(status).toBe(1);
});

test('a file that does not load is a failure', () => {
  const { status, stdout } = run(`throw new Error('broken');`);
  expect(stdout).toContain('0 passed, 1 failed, 0 skipped');
  expect(status).toBe(1);
});

test('what is skipped fails in CI, unless its name says why', () => {
  const one = `test('a', () => {}); test.skip('b', () => {});`;
  const ci = { CI: 'true' };
  expect(run(one)).toMatchObject({ status: 0, stdout: '1 passed, 0 failed, 1 skipped\n' });
  expect(run(one, ci)).toMatchObject({ status: 1, stdout: '1 passed, 1 failed, 0 skipped\n' });
  const reasoned = `test('a', () => {}); test.skip('b (may be skipped: no such machine)', () => {});`;
  expect(run(reasoned, ci)).toMatchObject({ status: 0, stdout: '1 passed, 0 failed, 1 skipped\n' });
});

test('tests that need a missing program are skipped here, and fail in CI', () => {
  const needing = `test('a', () => {});
    describe.runIf(needs('no-such-program'))('d', () => { test('b', () => {}); });`;
  expect(run(needing)).toMatchObject({ status: 0, stdout: '1 passed, 0 failed, 1 skipped\n' });
  const inCi = run(needing, { CI: 'true' });
  expect(inCi.status).toBe(1);
  expect(inCi.stdout).toContain('0 passed, 1 failed, 0 skipped');
});

test('each test is recorded with its file, its full name and how it ended, and missing programs are', () => {
  const file = join(folder, 'records.jsonl');
  run(
    `describe('suite', () => { test('a', () => {}); test('b', () => { throw new Error(); }); });
    describe.runIf(needs('no-such-program'))('other', () => { test.each([1, 2])('c %i', () => {}); });`,
    { VRSKY_TEST_RECORDS: file },
  );
  const { tests, missing } = readRecords(file);
  const one = (name: string, state: string) => ({ file: 'some.test.ts', name, state });
  expect(tests.map((record) => ({ ...record, file: basename(record.file) }))).toEqual([
    one('suite > a', 'passed'),
    one('suite > b', 'failed'),
    one('other > c 1', 'skipped'),
    one('other > c 2', 'skipped'),
  ]);
  expect(missing).toEqual(new Set(['no-such-program']));
});

test('a process that is left behind fails the run, even without a parent', () => {
  const { status, stderr } = run(`test('a', () => {
    // The marker is all that the process shares with the run; the shell in between ends at once.
    spawn('sh', ['-c', 'setsid sleep 20 & exit'], { env: { TMPDIR: tmpdir(), PATH: process.env.PATH } });
  });`);
  expect(stderr).toMatch(/^The tests left behind:\nprocess (\d+): sleep 20\n$/);
  process.kill(Number(/process (\d+)/.exec(stderr)?.[1]));
  expect(status).toBe(1);
});

test('a socket that is left behind fails the run', () => {
  const { status, stderr } = run(`test('a', async () => {
    const child = spawn(process.execPath, ['-e',
      \`require('net').createServer().listen('\${tmpdir()}/plugin1', () => process.kill(process.pid, 'SIGKILL'))\`]);
    await new Promise((resolve) => child.once('exit', resolve));
  });`);
  expect(stderr).toMatch(/^The tests left behind:\nsocket .*\/plugin1\n$/);
  expect(status).toBe(1);
});

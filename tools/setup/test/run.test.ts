import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const fixtures = 'tools/setup/test/fixtures';
const exit = (code: number) => ['exit', `node ${fixtures}/exit.mjs ${code}`];

interface Command {
  steps: string[][];
  tests?: boolean;
  keepGoing?: boolean;
}

function start(command: Command, ...args: string[]) {
  const run = join(import.meta.dirname, 'fixtures/run.mjs');
  const child = spawn('node', [run, JSON.stringify(command), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { child, ended };
}

test('shows each step with its time, and gives the arguments to the last', async () => {
  const [out, , [code]] = await start({ steps: [exit(0), exit(0)] }, '--once', 'x y').ended;
  expect(code).toBe(0);
  expect(out).toMatch(
    /^\n── exit\narguments: \n── exit: ok \(\d+\.\d s\)\n\n── exit\narguments: --once x y\n/,
  );
});

test('stops at the first step that fails, names it, and has its exit code', async () => {
  const [out, errors, [code]] = await start({ steps: [exit(3), exit(0)] }).ended;
  expect(code).toBe(3);
  expect(out.match(/arguments/g)).toHaveLength(1);
  expect(errors).toBe('Failed: exit (exit code 3)\n');
});

test('says that a program is missing', async () => {
  const [, errors, [code]] = await start({ steps: [['missing', 'no-such-program']] }).ended;
  expect(code).toBe(127);
  expect(errors).toContain("'no-such-program' could not be started");
});

test('adds up the tests of all runners in the last line, also after failures', async () => {
  const count = ['count', `node ${fixtures}/count.mjs`];
  const steps = [count, exit(2), count];
  const [out, errors, [code]] = await start({ steps, tests: true, keepGoing: true }).ended;
  expect(code).toBe(1);
  expect(out.trimEnd().split('\n').at(-1)).toBe('2 passed, 2 failed, 0 skipped');
  expect(errors.match(/^Failed: /gm)).toHaveLength(3);
});

test('the last line says which programs were missing, and how to get them', async () => {
  const count = ['count', `node ${fixtures}/count.mjs vsftpd proftpd vsftpd`];
  const [out] = await start({ steps: [count], tests: true }).ended;
  expect(out.trimEnd().split('\n').at(-1)).toBe(
    '1 passed, 1 failed, 0 skipped: vsftpd is missing (.ci/run installs it), ' +
      'proftpd is missing (apt-get install proftpd-core proftpd-mod-crypto)',
  );
});

test('what an earlier run has recorded does not count', async () => {
  const count = ['count', `node ${fixtures}/count.mjs`];
  for (const _ of ['first', 'second']) {
    const [out] = await start({ steps: [count], tests: true }).ended;
    expect(out.trimEnd().split('\n').at(-1)).toBe('1 passed, 1 failed, 0 skipped');
  }
});

test.for(['SIGINT', 'SIGTERM'] as const)(
  'hands %s on once, and starts no step after it',
  async (signal) => {
    const { child, ended } = start({ steps: [['wait', `node ${fixtures}/wait.mjs`], exit(0)] });
    child.stdout.on('data', (chunk) => {
      if (String(chunk).includes('waiting')) child.kill(signal);
    });
    const [out, , [code]] = await ended;
    expect(code).toBe(0);
    expect(out).toContain(`got ${signal} (1)`);
    expect(out).not.toContain('arguments');
  },
);

import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { vrskyHost } from './support/cli.ts';
import { tempFolder } from './support/folder.ts';
import { journal, scripted } from './support/integration.ts';
import { until } from './support/until.ts';

const MESSAGES = [{ id: 'a\u001b[31m', text: 'secret payload' }];

test('--help tells commands, examples and exit codes; --version the version', async () => {
  const { status, out } = await vrskyHost(['--help']).ended;
  expect(status).toBe(0);
  for (const word of ['run', 'validate', 'dead-letters', 'Examples:', 'Exit codes:']) {
    expect(out).toContain(word);
  }
  expect((await vrskyHost(['--version']).ended).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test.each([[['rn']], [['run']], [['run', 'x', '--log-level', 'loud']], [[]]])(
  'a wrong command line %j is exit code 2',
  async (args) => {
    const { status, err, out } = await vrskyHost(args).ended;
    expect(status).toBe(2);
    expect(out).toBe('');
    expect(err).not.toMatch(/\n {4}at /);
  },
);

test('a file without a command is told the command', async () => {
  const { status, err } = await vrskyHost(['orders.yaml']).ended;
  expect(status).toBe(2);
  expect(err).toContain('try: vrsky-host run orders.yaml');
});

test.each([
  ['run', '/nowhere.yaml'],
  ['validate', '/nowhere.yaml'],
  ['dead-letters', 'list', '/nowhere.yaml'],
])('%s of a file that is not there is one line and exit code 1', async (...args) => {
  const { status, err } = await vrskyHost(args).ended;
  expect(status).toBe(1);
  expect(err).toBe('vrsky-host: [INVALID_CONFIG] /nowhere.yaml: cannot be read (ENOENT)\n');
});

test('run delivers, alerts in one structured line, lists dead letters meanwhile, and stops at SIGTERM', async () => {
  const folder = tempFolder();
  const file = scripted(folder, {
    incoming: { settings: { messages: MESSAGES } },
    outgoing: {
      settings: { failures: 9, error: { recoverable: false } },
      credentials: { key: '${SECRET:erp}' },
    },
  });
  const { child, output, ended } = vrskyHost(['run', file], { VRSKY_SECRET_ERP: 'hunter2' });
  await until('the alert', () => output.err.includes('operator alert'));

  const text = await vrskyHost(['dead-letters', 'list', file]).ended;
  expect(text.status).toBe(0);
  expect(text.out).toContain('[SEND_FAILED] failed with');
  expect(text.out).not.toContain('\u001b');
  const json = await vrskyHost(['dead-letters', 'list', file, '--json']).ended;
  expect(JSON.parse(json.out)).toMatchObject([{ id: MESSAGES[0]?.id, bytes: 14, attempts: 1 }]);
  const second = await vrskyHost(['run', file], { VRSKY_SECRET_ERP: 'hunter2' }).ended;
  expect(second).toMatchObject({
    status: 1,
    err: expect.stringContaining('in use by another host'),
  });

  child.kill('SIGTERM');
  const { status, err, out } = await ended;
  expect(status).toBe(0);
  expect(out).toBe('');
  const lines = err
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const { time } of lines) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const alerts = lines.filter(({ msg }) => msg === 'operator alert');
  expect(alerts).toMatchObject([{ level: 50, alert: 'dead-letter', code: 'SEND_FAILED' }]);
  const all = [err, text.out, json.out].join();
  expect(all).not.toContain('hunter2');
  expect(all).not.toContain('secret payload');
});

/** The TCP ports on which a process listens. */
function listening(pid: number): string[] {
  const fds = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const tcp = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n');
  return tcp
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && fds.includes(`socket:[${inode}]`))
    .map(([, address = '']) => address);
}

test('SIGUSR1 opens no debugger', async () => {
  const { child, output, ended } = vrskyHost(['run', scripted(tempFolder(), {})]);
  await until('it is up', () => output.err.includes('outgoing is up'));
  child.kill('SIGUSR1');
  // Handled after the other one.
  child.kill('SIGHUP');
  await until('it stops', () => output.err.includes('SIGHUP: stopping'));
  expect(listening(child.pid as number)).toEqual([]);
  expect((await ended).status).toBe(0);
  expect(output.err).not.toContain('Debugger');
});

test('a credential that stands in the file is hidden in dead letters and in what validate prints', async () => {
  const folder = tempFolder();
  const credentials = { key: 'CANARY-literal' };
  const file = scripted(folder, {
    incoming: { settings: { messages: MESSAGES } },
    outgoing: { credentials, settings: { failures: 9, error: { recoverable: false } } },
  });
  const { child, output, ended } = vrskyHost(['run', file, '--log-level', 'trace']);
  await until('the alert', () => output.err.includes('operator alert'));
  child.kill('SIGTERM');
  const { err } = await ended;
  const letters = await vrskyHost(['dead-letters', 'list', file, '--json']).ended;
  expect(JSON.parse(letters.out)).toMatchObject([{ text: 'failed with [redacted]' }]);
  expect(err + letters.out).not.toContain('CANARY');
});

test('what was acked survives a kill -9 of the host', async () => {
  const folder = tempFolder();
  const sides = {
    incoming: { settings: { messages: MESSAGES } },
    outgoing: { settings: { failures: 1, failure: 'hang' } },
  };
  // A killed process cannot remove the folder of its sockets.
  const first = vrskyHost(['run', scripted(folder, sides)], { TMPDIR: tempFolder() });
  await until('it is acked', () => journal(folder, 'in').some((line) => line.startsWith('ack')));
  await until('a send hangs', () => journal(folder, 'out').some((line) => line.startsWith('send')));
  const pids = await until('both are up', () => {
    const found = [...first.output.err.matchAll(/"connectorPid":(\d+)/g)];
    return found.length === 2 && found.map(([, pid]) => pid);
  });
  first.child.kill('SIGKILL');
  await first.ended;
  await until('its connectors end', () => !pids.some((pid) => existsSync(`/proc/${pid}`)));

  const second = vrskyHost(['run', scripted(folder, { ...sides, incoming: {} })]);
  await until('it is sent', () => journal(folder, 'out').some((line) => line.startsWith('sent')));
  second.child.kill('SIGTERM');
  expect((await second.ended).status).toBe(0);
});

test('a second signal does not wait for a send that hangs', async () => {
  const folder = tempFolder();
  const file = scripted(folder, {
    incoming: { settings: { messages: MESSAGES } },
    outgoing: { settings: { failures: 9, failure: 'hang' } },
  });
  const { child, output, ended } = vrskyHost(['run', file]);
  await until('a send hangs', () => journal(folder, 'out').some((line) => line.startsWith('send')));
  const begun = performance.now();
  child.kill('SIGINT');
  await until('it says so', () => output.err.includes('SIGINT: stopping'));
  child.kill('SIGINT');
  expect((await ended).status).toBe(0);
  expect(performance.now() - begun).toBeLessThan(6000);
});

test('validate prints warnings and what is wrong, connects nothing and leaves nothing', async () => {
  const folder = tempFolder();
  const good = scripted(folder, { incoming: { settings: { warning: 'mind the gap' } } });
  expect(await vrskyHost(['validate', good]).ended).toMatchObject({
    status: 0,
    out: `store ${join(folder, 'orders.db')}: ok
incoming connection orders-incoming (scripted-in): ok
  reached the endpoint
  warning: mind the gap
outgoing connection orders-outgoing (scripted-out): ok
  reached the endpoint
`,
  });
  expect(journal(folder, 'in')).toEqual([]);

  const bad = scripted(folder, { outgoing: { settings: { failures: 'many' } } });
  const { status, out } = await vrskyHost(['validate', bad]).ended;
  expect(status).toBe(1);
  expect(out).toMatch(
    /outgoing connection .*: failed\n {2}error: \[INVALID_CONFIG\] .*orders\.yaml:\d+: outgoing\.settings\.failures: /,
  );
});

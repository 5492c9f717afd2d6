import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createClient } from '@connectrpc/connect';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { connect } from '../src/grpc/connection.ts';
import { Testing } from './gen/testing_pb.ts';
import { pluginPath, processesWith } from './support/plugins.ts';

const hostPath = join(import.meta.dirname, 'fixtures/forgetful-host.ts');
let tmp = '';
/** The plugin, below a shell that stays its parent. */
let wrapped = '';
let env: NodeJS.ProcessEnv = {};

beforeEach(async () => {
  tmp = await mkdtemp(join(tmpdir(), 'orphan-'));
  onTestFinished(() => rm(tmp, { recursive: true }));
  wrapped = join(tmp, 'wrapped');
  await writeFile(wrapped, `#!/bin/sh\n"${pluginPath}"\nexit $?\n`, { mode: 0o755 });
  env = { ...process.env, TMPDIR: tmp, TESTING_PLUGIN: 'cookie' };
});

/** Neither a process nor a socket. */
async function expectNothingLeft(): Promise<void> {
  await expect.poll(() => processesWith(`TMPDIR=${tmp}`), { timeout: 20_000 }).toEqual([]);
  const left = await readdir(tmp, { recursive: true });
  expect(left.filter((name) => /plugin\d+$/.test(name))).toEqual([]);
}

test.each([
  ['a plugin', () => pluginPath, 2],
  ['a plugin behind a wrapper', () => wrapped, 3],
])('%s ends by itself when its host is killed', async (_what, command, processes) => {
  const args = ['--conditions=vrsky:source', hostPath, command()];
  const host = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(createInterface(host.stdout), 'line');
  expect(processesWith(`TMPDIR=${tmp}`)).toHaveLength(processes);
  host.kill('SIGKILL');
  await expectNothingLeft();
});

interface Piped {
  readonly address: string;
  readonly stderr: () => string;
  readonly stopReading: (what: 'stdout' | 'stderr') => void;
}

/** The wrapped plugin on real pipes, as Go hosts use, each with a reader that can be killed. */
async function startPiped(): Promise<Piped> {
  const [out, err] = [join(tmp, 'out'), join(tmp, 'err')];
  execFileSync('mkfifo', [out, err]);
  const readers = { stdout: reader(out), stderr: reader(err) };
  const plugin = spawn('sh', ['-c', 'exec "$0" >"$1" 2>"$2"', wrapped, out, err], { env });
  onTestFinished(() => void plugin.kill('SIGKILL'));
  let stderr = '';
  readers.stderr.stdout?.on('data', (chunk) => (stderr += chunk));
  const lines = createInterface({ input: readers.stdout.stdout ?? process.stdin });
  const [line] = (await once(lines, 'line')) as [string];
  return {
    address: line.split('|')[3] ?? '',
    stderr: () => stderr,
    stopReading: (what) => void readers[what].kill('SIGKILL'),
  };
}

function reader(path: string): ChildProcess {
  const cat = spawn('cat', [path]);
  onTestFinished(() => void cat.kill('SIGKILL'));
  return cat;
}

test('a plugin behind a wrapper ends when nobody reads its pipes, and no host is connected', async () => {
  const { address, stopReading } = await startPiped();
  const options = { tls: undefined, maxMessageBytes: 1000, timeoutMs: 20_000 };
  const connection = await connect({ network: 'unix', address }, options);
  const testing = createClient(Testing, connection.transport);
  stopReading('stdout');
  stopReading('stderr');
  // Several times as long as it takes to notice; a host may close what it does not read.
  for (const until = performance.now() + 3000; performance.now() < until; ) await testing.echo({});
  await connection.close();
  await expectNothingLeft();
});

test('a plugin whose host reads stderr only waits for it to come back', async () => {
  const { address, stderr, stopReading } = await startPiped();
  stopReading('stdout');
  const looks = (): number => stderr().match(/no host is connected/g)?.length ?? 0;
  await expect.poll(looks, { timeout: 20_000 }).toBeGreaterThan(1);
  const options = { tls: undefined, maxMessageBytes: 1000, timeoutMs: 20_000 };
  const connection = await connect({ network: 'unix', address }, options);
  const testing = createClient(Testing, connection.transport);
  expect(await testing.echo({ text: 'on' })).toMatchObject({ text: 'on' });
  stopReading('stderr');
  await connection.close();
  await expectNothingLeft();
});

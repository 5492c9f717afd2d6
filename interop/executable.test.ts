import { execFileSync, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HANDSHAKE } from '@vrsky/runtime';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { buildArtifacts } from '../tools/build-executable/src/artifacts.ts';
import { bundle } from '../tools/build-executable/src/bundle.ts';
import { ownTarget } from '../tools/build-executable/src/target.ts';
import { configOf, launchWithHost } from './support/memory-host.ts';

const executable = fileURLToPath(new URL('../dist/bin/http-connector', import.meta.url));
const prying = fileURLToPath(new URL('fixtures/prying-connector.ts', import.meta.url));
const builder = fileURLToPath(new URL('../tools/build-executable/src/main.ts', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vrsky-executable-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function startByHand(env: Record<string, string>): {
  child: ReturnType<typeof spawn>;
  socket: Promise<string>;
} {
  const cookie = { [HANDSHAKE.magicCookieKey]: HANDSHAKE.magicCookieValue };
  const child = spawn(executable, [], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...cookie, PLUGIN_PROTOCOL_VERSIONS: '1', TMPDIR: folder, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const line = once(createInterface(child.stdout), 'line') as Promise<[string]>;
  return { child, socket: line.then(([text]) => text.split('|')[3] ?? '') };
}

describe('a hostile connector, built as an executable', () => {
  let file: string;
  beforeAll(async () => {
    const program = await bundle(prying);
    const parts = join(folder, 'build');
    file = buildArtifacts(program, ownTarget(), join(folder, 'prying'), parts).executable.file;
  }, 120_000);

  async function healthOf(): Promise<{ pid: number; health(): Promise<unknown> }> {
    const config = configOf('prying', {});
    const { node, pid } = await launchWithHost(file, true, config);
    await node.connect(config);
    return { pid, health: async () => (await node.health()).details };
  }

  test('has no files, no programs and no SQLite after the handshake', async () => {
    const denied = 'ERR_ACCESS_DENIED';
    const { health } = await healthOf();
    expect(await health()).toEqual({
      read: denied,
      write: denied,
      spawn: denied,
      sqlite: 'ERR_UNKNOWN_BUILTIN_MODULE',
    });
  });

  test('opens no debugger on SIGUSR1: nothing handles the signal, and it goes on to serve', async () => {
    const { pid, health } = await healthOf();
    process.kill(pid, 'SIGUSR1');
    expect(await health()).toMatchObject({ read: 'ERR_ACCESS_DENIED' });
    expect(handles(pid, constants.signals.SIGUSR1)).toBe(false);
    expect(handles(pid, constants.signals.SIGTERM)).toBe(true);
  });
});

/** Whether a process has a handler for a signal, by what the kernel says of it. */
function handles(pid: number, signal: number): boolean {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mask = BigInt(`0x${/^SigCgt:\s+(\w+)/m.exec(status)?.[1]}`);
  return (mask & (1n << BigInt(signal - 1))) !== 0n;
}

test('built as http-connector.so it is an executable all the same, which a host runs', async () => {
  const file = join(folder, 'http-connector.so');
  execFileSync(process.execPath, [builder, 'http', '--output', file], { stdio: 'pipe' });
  const config = configOf('http-webhook', { host: '127.0.0.1', port: 0 });
  const { node, metadata } = await launchWithHost(file, true, config);
  expect(metadata.name).toBe('http-connector');
  await node.connect(config);
  expect((await node.health()).status).toBe('ok');
  await node.disconnect();
}, 120_000);

test('its socket belongs to the group that the host names, and to nobody else', async () => {
  const { child, socket } = startByHand({ PLUGIN_UNIX_SOCKET_GROUP: '65534' });
  const { gid, mode } = statSync(await socket);
  expect({ gid, mode: mode & 0o777 }).toEqual({ gid: 65534, mode: 0o660 });
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(existsSync(await socket)).toBe(false);
});

test('NODE_OPTIONS of the host does not reach it', async () => {
  const { child, socket } = startByHand({ NODE_OPTIONS: '--require=/nonexistent.js' });
  expect(await socket).not.toBe('');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('its checksum file verifies', () => {
  const verdict = execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: dirname(executable) });
  expect(String(verdict)).toContain('http-connector: OK\n');
});

describe('run by hand', () => {
  const run = (...args: string[]): SpawnSyncReturns<string> =>
    spawnSync(executable, args, { encoding: 'utf8', env: {} });

  test('validate FILE reads the file and checks the connection', () => {
    const file = join(folder, 'rest.yaml');
    writeFileSync(file, 'type: http-rest\nsettings: { url: "http://169.254.169.254/x" }\n');
    const refused = run('validate', file);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr).toContain('BLOCKED_DESTINATION');
    writeFileSync(file, 'type: http-webhook\nsettings: { host: 127.0.0.1, port: 0 }\n');
    expect(run('validate', file)).toMatchObject({ status: 0, stderr: '' });
  });

  test('--version is that of the package', () => {
    const manifest = new URL('../connectors/http/package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    expect(run('--version')).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('without a command it says that it is a plugin', () => {
    const { status, stdout, stderr } = run();
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^This binary is a plugin/);
  });
});

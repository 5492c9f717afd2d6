import { execFile } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Started, usePlugins } from './support/plugins.ts';

const { start, tmp } = usePlugins();
const nobody = { uid: 65_534, gid: 65_534 };
afterEach(() => void vi.unstubAllEnvs());

async function environmentOf({ testing }: Started): Promise<Record<string, string>> {
  return JSON.parse((await testing.run({ text: 'environment' })).text);
}

describe('a launched plugin', () => {
  it('has a folder that only its user may enter, and no sibling is told of', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    const [seen, others] = await Promise.all([environmentOf(one), environmentOf(other)]);
    const folder = seen['PLUGIN_UNIX_SOCKET_DIR'] ?? '';
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(dirname(folder)).toBe(tmp());
    expect(others['PLUGIN_UNIX_SOCKET_DIR']).not.toBe(folder);
    expect(JSON.stringify(others)).not.toContain(folder);
    const atStart = readFileSync(`/proc/${other.plugin.pid}/environ`, 'utf8');
    expect(atStart).not.toContain(folder);
  });

  it('runs in the directory that its host chose', async () => {
    const cwd = realpathSync(mkdtempSync(join(dirname(tmp()), 'cwd-')));
    onTestFinished(() => rmSync(cwd, { recursive: true }));
    const { testing } = await start({ cwd });
    expect((await testing.run({ text: 'cwd' })).text).toBe(cwd);
  });

  it('listens within the ports that its host chose', async () => {
    const ports = { minPort: 31_000, maxPort: 31_500 };
    const { plugin } = await start({ ports, env: { TESTING_NETWORK: 'tcp' }, autoMtls: false });
    const port = Number(plugin.reattachConfig?.address.address.split(':')[1]);
    expect(port).toBeGreaterThanOrEqual(ports.minPort);
    expect(port).toBeLessThanOrEqual(ports.maxPort);
  });

  it.runIf(process.getuid?.() === 0)('runs as another user, who reaches its host', async () => {
    for (const folder of [tmp(), dirname(tmp())]) chmodSync(folder, 0o711);
    const started = await start({ user: nobody });
    const { plugin, testing } = started;
    const { uid } = statSync(`/proc/${plugin.pid}`);
    expect(uid).toBe(nobody.uid);
    expect(statSync((await environmentOf(started))['PLUGIN_UNIX_SOCKET_DIR'] ?? '').uid).toBe(uid);
    const brokerId = plugin.broker.nextId();
    const { testingRoutes } = await import('./fixtures/services.ts');
    await plugin.broker.acceptAndServe(brokerId, testingRoutes(plugin, 3));
    expect(await testing.run({ text: 'dial', brokerId })).toMatchObject({
      text: 'from the plugin',
    });
  });
});

describe('a start fails with a GoPluginError', () => {
  it.each([
    ['is missing', '/nowhere/at/all'],
    ['is a file', import.meta.filename],
  ])('when the temporary directory %s', async (_why, path) => {
    vi.stubEnv('TMPDIR', path);
    await expect(start()).rejects.toMatchObject({
      name: 'GoPluginError',
      code: 'LISTEN_FAILED',
      message: expect.stringContaining(`no directory for sockets could be made in ${path}: `),
    });
  });

  it('when the path of the temporary directory is too long, before anything runs', async () => {
    const long = join(tmp(), 'x'.repeat(80));
    mkdirSync(long);
    vi.stubEnv('TMPDIR', long);
    await expect(start()).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringContaining('Set TMPDIR to a path of at most'),
    });
    rmSync(long, { recursive: true });
  });

  it('when the working directory is missing', async () => {
    await expect(start({ cwd: '/nowhere/at/all' })).rejects.toMatchObject({
      code: 'EXECUTABLE_NOT_ALLOWED',
      message: expect.stringContaining('the working directory must exist'),
    });
  });

  it('when the host has no more files to open, which is no fault of the executable', async () => {
    const host = join(import.meta.dirname, 'fixtures/poor-host.ts');
    const command = `ulimit -n 64; exec "${process.execPath}" --conditions=vrsky:source "${host}"`;
    const { stdout } = await promisify(execFile)('sh', ['-c', command]);
    expect(stdout).toBe('START_FAILED\n');
  });
});

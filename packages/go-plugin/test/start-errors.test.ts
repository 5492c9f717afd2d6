import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoPluginError } from '@vrsky/go-plugin';
import { describe, expect, it } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import { createIdentity } from '../src/tls/certificate.ts';
import { usePlugins } from './support/plugins.ts';

const { start, script } = usePlugins();

/** A plugin that prints `line` and then lives until it is killed. */
const printing = (line: string): string => `#!/bin/sh\nprintf '%s\\n' '${line}'\nexec sleep 1000\n`;

async function startError(
  text: string,
  options: Parameters<typeof start>[0] = {},
): Promise<GoPluginError> {
  const command = await script(text);
  const error = await start({ command, ...options }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error as GoPluginError;
}

describe('a plugin that cannot be started', () => {
  it.each([
    [
      'hello',
      'HANDSHAKE_UNRECOGNIZED',
      'Unrecognized remote plugin message: hello\nThis usually means\n',
    ],
    [
      '2|3|unix|/a|grpc',
      'CORE_VERSION_INCOMPATIBLE',
      'incompatible core API version with plugin. Plugin version: 2, Core version: 1\n',
    ],
    ['x|3|unix|/a|grpc', 'HANDSHAKE_UNRECOGNIZED', 'error parsing core protocol version: '],
    ['1|x|unix|/a|grpc', 'HANDSHAKE_UNRECOGNIZED', 'Error parsing protocol version "x": '],
    [
      '1|9|unix|/a|grpc',
      'APP_VERSION_INCOMPATIBLE',
      'incompatible API version with plugin. Plugin version: 9, Client versions: [2 3]\n',
    ],
    ['1|3|pipe|/a|grpc', 'ADDRESS_UNKNOWN', 'unknown address type: /a\n'],
    [
      '1|3|unix|/a|netrpc',
      'PROTOCOL_UNSUPPORTED',
      'unsupported plugin protocol "netrpc". Supported: [grpc]\n',
    ],
    [
      `1|3|unix|/a|grpc|${'A'.repeat(60)}=`,
      'CERTIFICATE_INVALID',
      'error parsing server cert: illegal base64 data at input byte 60\n',
    ],
    [
      '1|3|unix|/a|grpc|',
      'CERTIFICATE_INVALID',
      'the plugin sent no certificate although mutual TLS was asked for\n',
    ],
  ])('because it prints %j fails with %s and ends', async (line, code, message) => {
    expect(await startError(printing(line))).toMatchObject({
      name: 'GoPluginError',
      code,
      message: expect.stringContaining(message),
    });
  });

  it('because it listens nowhere, or with TLS that was not asked for', async () => {
    const plain = printing('1|3|unix|/nowhere/at/all|grpc|');
    expect(await startError(plain, { autoMtls: false })).toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining('could not connect to unix /nowhere/at/all: '),
    });
    const certificate = createIdentity().der.toString('base64').replace(/=/g, '');
    const secure = printing(`1|3|unix|/nowhere|grpc|${certificate}`);
    expect(await startError(secure, { autoMtls: false })).toMatchObject({
      code: 'CERTIFICATE_INVALID',
    });
  });

  it('because another server with another certificate listens at its address', async () => {
    const command = join(import.meta.dirname, 'fixtures/impostor.ts');
    await expect(start({ command })).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringMatching(/self-signed certificate|unable to verify/),
    });
  });

  it('because it exits at once, with its last lines', async () => {
    const error = await startError(
      '#!/bin/sh\necho first >&2\necho "cannot find libfoo" >&2\nexit 3\n',
    );
    expect(error.code).toBe('PLUGIN_EXITED');
    expect(error.message).toMatch(
      /^plugin exited before we could connect \(exit status 3\)\nIts last lines on stderr:\n {2}first\n {2}cannot find libfoo\n/,
    );
  });

  it('because it exits at once after half a line, or closes its stdout', async () => {
    expect(await startError("#!/bin/sh\nprintf 'half a line'\n")).toMatchObject({
      code: 'HANDSHAKE_UNRECOGNIZED',
      message: expect.stringContaining('Unrecognized remote plugin message: half a line\n'),
    });
    expect(await startError('#!/bin/sh\nexec 1>&-\nexec sleep 1000\n')).toMatchObject({
      code: 'HANDSHAKE_UNRECOGNIZED',
      message: expect.stringContaining(
        "Unrecognized remote plugin message: \nFailed to read any lines from plugin's stdout\nThis usually means\n",
      ),
    });
  });

  it('because its first line has no end', async () => {
    const error = await startError('#!/bin/sh\nyes x | tr -d "\\n"\n');
    expect(error.code).toBe('HANDSHAKE_UNRECOGNIZED');
    expect(error.message.length).toBeLessThan(3_000);
  });

  it('because the magic cookie differs', async () => {
    const handshake = {
      protocolVersion: 1,
      magicCookieKey: 'TESTING_PLUGIN',
      magicCookieValue: 'x',
    };
    await expect(start({ handshake })).rejects.toMatchObject({
      code: 'PLUGIN_EXITED',
      message: expect.stringMatching(
        /This binary is a plugin\.[^]*magicCookieKey and magicCookieValue must be the same/,
      ),
    });
  });

  it('in time', async () => {
    const began = performance.now();
    const error = await startError('#!/bin/sh\nexec sleep 1000\n', { startTimeoutMs: 200 });
    expect(error.code).toBe('START_TIMEOUT');
    expect(error.message).toMatch(/^timeout while waiting for plugin to start\n/);
    expect(performance.now() - began).toBeLessThan(slowly(2_000));
  });

  it('because its caller gives up', async () => {
    const signal = AbortSignal.timeout(100);
    const error = await startError('#!/bin/sh\nexec sleep 1000\n', { signal });
    expect(error).toMatchObject({ code: 'START_CANCELLED', cause: signal.reason });
    await expect(start({ signal })).rejects.toMatchObject({ code: 'START_CANCELLED' });
  });

  it('because its executable is missing, not executable, or nothing that runs', async () => {
    for (const command of ['/nowhere/plugin', 'no-such-plugin-in-path']) {
      await expect(start({ command })).rejects.toMatchObject({
        code: 'EXECUTABLE_NOT_FOUND',
        message: expect.stringMatching(/^plugin executable not found: /),
      });
    }
    const command = await script('#!/bin/sh\n');
    await chmod(command, 0o644);
    await expect(start({ command })).rejects.toMatchObject({ code: 'EXECUTABLE_NOT_ALLOWED' });
    await expect(start({ command: '/' })).rejects.toMatchObject({ code: 'EXECUTABLE_NOT_ALLOWED' });
    await writeFile(command, '#!/no/such/interpreter\n');
    await chmod(command, 0o755);
    await expect(start({ command })).rejects.toMatchObject({ code: 'EXECUTABLE_NOT_ALLOWED' });
  });

  it('because its checksum differs, and it never runs', async () => {
    await expect(start({ sha256: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'CHECKSUM_MISMATCH',
      message: expect.stringMatching(/^checksums did not match\n/),
    });
    await expect(start({ sha256: '' })).rejects.toMatchObject({
      code: 'CHECKSUM_MISMATCH',
      message: expect.stringMatching(/^error verifying checksum: no checksum provided\n/),
    });
  });

  it('because the host names no command, no cookie or no version', async () => {
    await expect(start({ command: '' })).rejects.toMatchObject({ code: 'MISCONFIGURED' });
    await expect(start({ versions: [] })).rejects.toMatchObject({ code: 'MISCONFIGURED' });
  });
});

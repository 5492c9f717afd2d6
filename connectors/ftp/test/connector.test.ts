import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkSettings } from '@vrsky/runtime/plugin';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { IncomingSettings, OutgoingSettings } from '../src/config.ts';
import { connector } from '../src/connector.ts';
import { FtpDestination } from '../src/destination.ts';
import { FtpSource } from '../src/source.ts';
import { incomingConfig, outgoingConfig } from './support/config.ts';
import { createHost, signal } from './support/connections.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

test('the version is that of the package', () => {
  expect(connector.metadata.version).toBe(manifest.version);
});

test('run by hand it tells what it is', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=vrsky:source',
    main,
    'metadata',
  ]);
  expect(JSON.parse(stdout)).toMatchObject({
    id: 'ftp',
    name: 'ftp-connector',
    version: manifest.version,
    supportedTypes: ['ftp', 'ftps', 'ftps-implicit', 'sftp'],
    capabilities: ['retryable', 'tls', 'mtls', 'streaming'],
  });
});

describe('settings', () => {
  const host = 'files.example';
  const incoming = { direction: 'incoming', host, directory: 'in' };
  const outgoing = { direction: 'outgoing', host, directory: 'out' };

  test('need direction, host and directory only', () => {
    expect(checkSettings(IncomingSettings, incoming, 'settings')).toMatchObject({
      afterProcess: 'move',
      maxUnacked: 1,
    });
    expect(checkSettings(OutgoingSettings, outgoing, 'settings')).toMatchObject({
      ifExists: 'fail',
      verify: 'size',
    });
  });

  test.each([
    [IncomingSettings, { ...incoming, host: undefined }, 'settings.host'],
    [IncomingSettings, { ...incoming, host: 'ftp://files.example' }, 'settings.host'],
    [IncomingSettings, { ...incoming, host: 'me:secret@files.example' }, 'settings.host'],
    [IncomingSettings, { ...incoming, passive: 'active' }, 'settings.passive'],
    [IncomingSettings, { ...incoming, port: '21' }, 'settings.port'],
    [IncomingSettings, { ...incoming, stability: { check: 1 } }, 'settings.stability.check'],
    [IncomingSettings, { ...incoming, fileNameTemplate: 'x' }, 'settings.fileNameTemplate'],
    [IncomingSettings, { ...incoming, hostKeySha256: ['short'] }, 'settings.hostKeySha256[0]'],
    [OutgoingSettings, { ...outgoing, pollIntervalMs: 1 }, 'settings.pollIntervalMs'],
    [OutgoingSettings, { ...outgoing, maxConnections: 9 }, 'settings.maxConnections'],
  ])('%# are refused: %j', (schema, settings, field) => {
    const given = JSON.parse(JSON.stringify(settings));
    expect(() => checkSettings(schema, given, 'settings')).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', field }),
    );
  });

  test.each([
    [{ moveDirectory: '${date:yyyy}' }, 'settings.moveDirectory'],
    [{ moveDirectory: '.' }, 'settings.moveDirectory'],
    [{ moveFailedDirectory: '../failed' }, 'settings.moveFailedDirectory'],
    [{ moveDirectory: 'done/${nmae}' }, 'settings.moveDirectory'],
    [{ moveDirectory: 'done/${date}' }, 'settings.moveDirectory'],
    [{ doneFile: '${id}.done' }, 'settings.doneFile'],
    [{ directory: 'a\r\nDELE b' }, 'settings.directory'],
  ])('of an incoming connection are refused: %j', (settings, field) => {
    const { host: logging } = createHost();
    expect(() => new FtpSource(incomingConfig(settings), logging)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', field }),
    );
  });

  test.each([
    [{ fileNameTemplate: '${payload}' }, 'settings.fileNameTemplate'],
    [{ tempName: '', verify: 'none' }, 'settings.verify'],
    [{ ifExists: 'append', verify: 'hash' }, 'settings.verify'],
  ])('of an outgoing connection are refused: %j', (settings, field) => {
    const { host: logging } = createHost();
    expect(() => new FtpDestination(outgoingConfig(settings), logging)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', field }),
    );
  });

  test('all have a description', () => {
    const undescribed: string[] = [];
    const visit = (schema: Schema, path: string): void => {
      for (const [name, setting] of Object.entries(schema.properties ?? {})) {
        if (!setting.description) undescribed.push(`${path}.${name}`);
        visit(setting, `${path}.${name}`);
        if (setting.items) visit(setting.items, `${path}.${name}[]`);
      }
    };
    visit(IncomingSettings as unknown as Schema, 'incoming');
    visit(OutgoingSettings as unknown as Schema, 'outgoing');
    expect(undescribed).toEqual([]);
  });
});

describe('Validate', () => {
  const { host } = createHost();

  test('warns of what is doubtful: a password in the clear, a proxy that is not used, a host without state', async () => {
    const settings = { port: 1, afterProcess: 'none' };
    expect(await new FtpSource(incomingConfig(settings), host).validate(signal)).toEqual([
      expect.stringContaining('settings.afterProcess'),
    ]);
    const keeps = createHost(new Map()).host;
    expect(await new FtpSource(incomingConfig(settings), keeps).validate(signal)).toEqual([]);
    const clear = { host: 'files.invalid' };
    const credentials = { password: 'secret' };
    vi.stubEnv('HTTPS_PROXY', 'http://proxy.example:3128');
    onTestFinished(() => void vi.unstubAllEnvs());
    const unencrypted = [
      expect.stringContaining('the connection to files.invalid is direct'),
      expect.stringContaining('unencrypted'),
    ];
    const source = new FtpSource(incomingConfig(clear, { credentials }), host);
    expect(await source.validate(signal)).toEqual(unencrypted);
    const destination = new FtpDestination(outgoingConfig(clear, { credentials }), host);
    expect(await destination.validate()).toEqual(unencrypted);
  });
});

interface Schema {
  readonly description?: string;
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
}

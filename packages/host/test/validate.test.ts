import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type Finding, loadIntegration, validateIntegration } from '@vrsky/host';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { tempFolder } from './support/folder.ts';
import { startHost } from './support/host.ts';
import { journal, type Sides, scripted, webhookTo } from './support/integration.ts';
import { ok, startSink } from './support/sink.ts';
import { until } from './support/until.ts';

/** Several processes one after the other, each some seconds on a slow machine. */
const MANY_STARTS_MS = 180_000;

async function findings(folder: string, sides: Sides = {}): Promise<Record<string, Finding>> {
  const integration = await loadIntegration(scripted(folder, sides));
  const found = await validateIntegration(integration, {
    log: pino({ level: 'silent' }),
    signal: AbortSignal.timeout(MANY_STARTS_MS),
  });
  return Object.fromEntries(found.map((finding) => [finding.part, finding]));
}

test('says what was reached, or that it was not tried; nothing is connected, and no store is left', async () => {
  const folder = tempFolder();
  const found = await findings(folder, {
    incoming: { settings: { url: 'https://erp.example:8443/path?key=x', probe: false } },
    outgoing: { settings: { url: 'https://erp.example:8443/path?key=x', warning: 'mind the gap' } },
  });
  expect(found).toMatchObject({
    store: { notes: [], warnings: [] },
    incoming: { notes: ['not tried: https://erp.example:8443 (probe: false)'], warnings: [] },
    outgoing: { notes: ['reached https://erp.example:8443'], warnings: ['mind the gap'] },
  });
  expect(Object.values(found).some(({ error }) => error)).toBe(false);
  expect([...journal(folder, 'in'), ...journal(folder, 'out')]).toEqual([]);
  expect(existsSync(join(folder, 'orders.db'))).toBe(false);
});

test('a store whose folder is missing fails with its line, and so does a run', async () => {
  const folder = tempFolder();
  const more = { store: './data/orders.db' };
  const { store } = await findings(folder, { more });
  expect(store?.error).toMatchObject({
    code: 'INVALID_CONFIG',
    field: 'store',
    rawMessage: expect.stringMatching(
      /orders\.yaml:\d+: store: there is no folder .*data: create it/,
    ),
  });
  const host = await startHost(scripted(folder, { more }));
  await expect(host.done).rejects.toThrow(/there is no folder/);
});

test('a store in a file that is taken for a folder fails', async () => {
  const { store } = await findings(tempFolder(), { more: { store: './orders.yaml/orders.db' } });
  expect(store?.error?.rawMessage).toMatch(/is no folder|ENOTDIR/);
});

test('a connection that cannot be reached fails, and the other is still looked at', async () => {
  const found = await findings(tempFolder(), {
    incoming: { settings: { doubts: 1 } },
    outgoing: { settings: { warning: 'mind the gap' } },
  });
  expect(found['incoming']?.error).toMatchObject({ code: 'TIMEOUT', recoverable: true });
  expect(found['outgoing']).toMatchObject({ warnings: ['mind the gap'] });
});

test(
  'beside a running host its port is that of the host; any other taken port fails',
  async () => {
    const folder = tempFolder();
    const incoming = { settings: { port: 4711 } };
    const host = await startHost(scripted(folder, { incoming }));
    await until('both are up', () => host.connected.length === 2);
    const beside = await findings(folder, {
      incoming: { settings: { port: 4711, isTaken: true } },
    });
    expect(beside).toMatchObject({
      store: { notes: ['a host is running on it'] },
      incoming: { notes: ['port 4711 is held by the running host of this integration'] },
    });
    expect(beside['incoming']?.error).toBeUndefined();
    const other = await findings(folder, { incoming: { settings: { port: 4712, isTaken: true } } });
    expect(other['incoming']?.error).toMatchObject({ reason: 'PORT_IN_USE' });
    await host.stop();
    const alone = await findings(folder, { incoming: { settings: { port: 4711, isTaken: true } } });
    expect(alone['incoming']?.error).toMatchObject({ reason: 'PORT_IN_USE' });
  },
  3 * MANY_STARTS_MS,
);

test(
  'beside a host with real connectors, validate reaches the endpoint and knows the port',
  async () => {
    const folder = tempFolder();
    const { url } = await startSink(ok);
    const port = await freePort();
    const file = webhookTo(folder, url, { incoming: { settings: { host: '127.0.0.1', port } } });
    const validate = async () =>
      validateIntegration(await loadIntegration(file), {
        log: pino({ level: 'silent' }),
        signal: AbortSignal.timeout(MANY_STARTS_MS),
      });
    const host = await startHost(file);
    await host.port();
    const [, incoming, outgoing] = await validate();
    expect(incoming).toMatchObject({
      notes: [`port ${port} is held by the running host of this integration`],
    });
    expect(outgoing).toMatchObject({ notes: [`reached ${new URL(url).origin}`] });
    await host.stop();
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const [, taken] = await validate();
    expect(taken?.error).toMatchObject({ code: 'CONNECTION_FAILED', reason: 'PORT_IN_USE' });
  },
  3 * MANY_STARTS_MS,
);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('a plugin that is not there is named with its whole path', async () => {
  const folder = tempFolder();
  const { incoming } = await findings(folder, { incoming: { plugin: 'http-connector' } });
  expect(incoming?.error?.rawMessage).toMatch(
    new RegExp(`incoming\\.plugin: there is no file ${folder}/http-connector; a path is relative`),
  );
});

test("a connector's own path of a setting is not repeated", async () => {
  const { outgoing } = await findings(tempFolder(), {
    outgoing: { settings: { failures: 'many' } },
  });
  expect(outgoing?.error?.rawMessage).toMatch(
    /: outgoing\.settings\.failures: expected an integer/,
  );
});

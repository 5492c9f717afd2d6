import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadIntegration } from '@vrsky/host';
import { launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { resolveSecrets } from '../src/config/secrets.ts';
import type { Link } from '../src/supervise/session.ts';
import { Supervisor, type SupervisorOptions, TIMINGS } from '../src/supervise/supervisor.ts';
import { tempFolder } from './support/folder.ts';
import { startHost } from './support/host.ts';
import { journal, scripted, webhookTo } from './support/integration.ts';
import { until } from './support/until.ts';

const MESSAGES = [{ id: 'a', text: 'a' }];
/** Several processes one after the other, each some seconds on a slow machine. */
const MANY_STARTS_MS = 180_000;

test('a connector that crashes during Send is started again, and gets the same message again', async () => {
  const folder = tempFolder();
  const host = await startHost(
    scripted(folder, {
      incoming: { settings: { messages: MESSAGES } },
      outgoing: { settings: { failures: 1, failure: 'crash' }, retry: { initialBackoff: '10ms' } },
    }),
  );
  await until('it is delivered', () => host.messages.length === 1);
  expect(journal(folder, 'out').filter((line) => line.startsWith('send '))).toEqual([
    'send a',
    'send a',
  ]);
  const lost = host.log.find(({ msg }) => String(msg).startsWith('connection lost'));
  expect(lost).toMatchObject({ level: 50, connection: 'orders-outgoing' });
  expect(lost?.['msg']).toMatch(/exited with status 7; its last lines:.*going down as scripted/s);
  await host.stop();
});

test('the time until a connector is back uses up no attempts', async () => {
  const folder = tempFolder();
  const host = await startHost(
    scripted(folder, {
      incoming: { settings: { messages: MESSAGES } },
      // Far more than one attempt would fit into the second until the restart.
      outgoing: {
        settings: { failures: 1, failure: 'crash' },
        retry: { maxRetries: 1, initialBackoff: '1ms', maxBackoff: '1ms' },
      },
    }),
  );
  await until('it is delivered', () => host.messages.length === 1);
  expect(host.alerts).toEqual([]);
  await host.stop();
});

test('a source that is killed comes up again and gives what was not acked', async () => {
  const folder = tempFolder();
  const incoming = { settings: { messages: MESSAGES } };
  const host = await startHost(scripted(folder, { incoming }));
  await until('it is delivered', () => host.messages.length === 1);
  const pidOf = (): number | undefined =>
    host.connected.findLast(({ direction }) => direction === 'incoming')?.pid;
  const first = pidOf();
  process.kill(first as number, 'SIGKILL');
  const second = await until('it is up again', () => pidOf() !== first && pidOf());
  // The script begins anew with each process: so does an outside system with what was not acked.
  await until('its message is delivered', () => host.messages.length === 2);
  expect(existsSync(`/proc/${first}`)).toBe(false);
  expect(existsSync(`/proc/${second}`)).toBe(true);
  await host.stop();
});

test('a destination that is dead at the start stops no intake, and is tried again in the same process', async () => {
  const folder = tempFolder();
  const host = await startHost(
    scripted(folder, {
      incoming: { settings: { messages: MESSAGES } },
      outgoing: { settings: { doubts: 1, refusals: 2 } },
    }),
  );
  await until('it is acked', () => journal(folder, 'in').includes('ack a'));
  expect(host.messages).toEqual([]);
  await until('it is delivered', () => host.messages.length === 1);
  const connects = journal(folder, 'out').filter((line) => line.startsWith('connect in'));
  expect(connects.length).toBe(3);
  expect(new Set(connects).size).toBe(1);
  const told = host.log.filter(({ msg }) => String(msg).startsWith('not connected'));
  expect(told).toMatchObject([{ retryInMs: 1000 }, { retryInMs: 2000 }]);
  expect(told[0]).toMatchObject({ connection: 'orders-outgoing' });
  expect(host.alerts).toEqual([]);
  await host.stop();
});

test('a destination that stays dead is one alert, and so is a final error later: the run goes on', async () => {
  const folder = tempFolder();
  const refusalCodes = ['TIMEOUT', 'RATE_LIMITED', 'CONNECTION_FAILED', 'AUTH_FAILED'];
  const host = await startHost(
    scripted(folder, {
      incoming: { settings: { messages: MESSAGES } },
      outgoing: { settings: { refusals: 4, refusalCodes } },
    }),
  );
  await until('it is delivered', () => host.messages.length === 1);
  expect(host.alerts).toMatchObject([
    { kind: 'connection', direction: 'outgoing', code: 'CONNECTION_FAILED' },
    { kind: 'connection', direction: 'outgoing', code: 'AUTH_FAILED' },
  ]);
  await host.stop();
});

test(
  'a connector that crashes again and again is one alert',
  async () => {
    const folder = tempFolder();
    const host = await startHost(scripted(folder, { outgoing: { settings: { crashes: true } } }));
    await until('the alert', () => host.alerts.length > 0, MANY_STARTS_MS);
    expect(host.alerts).toMatchObject([
      {
        kind: 'crash-loop',
        direction: 'outgoing',
        crashes: 3,
        text: expect.stringContaining('exited with status 7'),
      },
    ]);
    await until(
      'it is started once more',
      () => {
        return journal(folder, 'out').filter((line) => line === 'connect').length > 3;
      },
      MANY_STARTS_MS,
    );
    expect(host.alerts.length).toBe(1);
    await host.stop();
  },
  3 * MANY_STARTS_MS,
);

test.each([
  ['CONNECTION_FAILED', 1],
  ['INTERNAL', 2],
])(
  'a Receive that fails with %s again and again is repeated, in %i processes',
  async (receiveCode, processes) => {
    const folder = tempFolder();
    const settings = { messages: MESSAGES, receiveFailures: 4, receiveCode };
    const host = await startHost(scripted(folder, { incoming: { settings } }));
    await until('it is delivered', () => host.messages.length === 1, MANY_STARTS_MS);
    const connects = journal(folder, 'in').filter((line) => line.startsWith('connect in'));
    expect(new Set(connects).size).toBe(processes);
    await host.stop();
  },
  3 * MANY_STARTS_MS,
);

async function supervise(folder: string, settings: object, more: Partial<SupervisorOptions> = {}) {
  const integration = await loadIntegration(scripted(folder, { incoming: { settings } }));
  const links: Link[] = [];
  const supervisor = new Supervisor({
    integration,
    connection: integration.incoming,
    resolved: resolveSecrets(integration, integration.incoming, {}),
    launch: launchConnector,
    log: pino({ level: 'silent' }),
    onConnected: (link) => links.push(link),
    onBroken: () => {},
    onCrashLoop: () => {},
    timings: { ...TIMINGS, healthEvery: 10, firstRestart: 10 },
    ...more,
  });
  const running = supervisor.run();
  onTestFinished(async () => {
    await supervisor.stop(1000, new AbortController().signal);
    await running;
  });
  return links;
}

test('a degraded Health is logged once, and restarts nothing', async () => {
  const folder = tempFolder();
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line) => lines.push(line) });
  const links = await supervise(folder, { sickness: 1, isDegraded: true }, { log });
  await until('Health was asked often', () => {
    return journal(folder, 'in').filter((line) => line === 'health').length > 8;
  });
  expect(links.length).toBe(1);
  const told = lines.map((line) => JSON.parse(line) as { msg: string; details?: object });
  expect(told.filter(({ msg }) => msg === 'degraded')).toMatchObject([
    { details: { port: 'undefined' } },
  ]);
  expect(told.filter(({ msg }) => msg.startsWith('not healthy')).length).toBe(1);
});

test('a connector whose Health is INTERNAL three times in a row is replaced', async () => {
  const links = await supervise(tempFolder(), { sickness: 3, sicknessCode: 'INTERNAL' });
  const [first, second] = await until('there are two', () => links.length === 2 && links);
  expect(first?.pid).not.toBe(second?.pid);
  expect(existsSync(`/proc/${first?.pid}`)).toBe(false);
});

test.each(['CONNECTION_FAILED', 'AUTH_FAILED', 'TIMEOUT'])(
  'a Health that fails with %s restarts nothing, and is one alert',
  async (sicknessCode) => {
    const folder = tempFolder();
    const broken: string[] = [];
    const links = await supervise(
      folder,
      { sickness: 8, sicknessCode },
      { onBroken: ({ code }) => broken.push(code) },
    );
    await until('it is well', () => {
      return journal(folder, 'in').filter((line) => line === 'health').length > 8;
    });
    expect(links.length).toBe(1);
    expect(broken).toEqual([sicknessCode]);
  },
);

test('a configuration that the connector refuses ends the run, with its place and no process left', async () => {
  const host = await startHost(
    webhookTo(tempFolder(), 'http://127.0.0.1:9/in', {
      outgoing: { settings: { url: 'http://127.0.0.1:9/in', methd: 'PUT' } },
    }),
  );
  await expect(host.done).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    field: 'outgoing.settings.methd',
    rawMessage: expect.stringMatching(
      /orders\.yaml:\d+: outgoing\.settings\.methd: .*did you mean "method"/,
    ),
  });
  await expect(host.stop()).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
});

test('a type that the connector does not have is told with those that it has', async () => {
  const file = webhookTo(tempFolder(), 'http://127.0.0.1:9/in', {
    incoming: { type: 'http-webhok' },
  });
  const host = await startHost(file);
  await expect(host.done).rejects.toThrow(
    /orders\.yaml:\d+: incoming\.type: .*did you mean "http-webhook"\?/,
  );
});

test.each<[string, (folder: string) => object, RegExp]>([
  ['is not there', () => ({ plugin: './nothing' }), /nothing/],
  [
    'may not be executed',
    (folder) => {
      writeFileSync(join(folder, 'plain'), 'x');
      return { plugin: './plain' };
    },
    /plain/,
  ],
  [
    'is no plugin',
    (folder) => {
      writeFileSync(join(folder, 'script'), '#!/bin/sh\necho hello\n');
      chmodSync(join(folder, 'script'), 0o700);
      return { plugin: './script', args: [] };
    },
    /plugin/,
  ],
  [
    'speaks another protocol version',
    (folder) => {
      const line = '1|9|unix|/nowhere|grpc|';
      writeFileSync(join(folder, 'script'), `#!/bin/sh\necho '${line}'\nexec sleep 60\n`);
      chmodSync(join(folder, 'script'), 0o700);
      return { plugin: './script', args: [] };
    },
    /Plugin version: 9, Client versions: \[1\]/,
  ],
  ['has another checksum', () => ({ sha256: '00'.repeat(32) }), /checksum|SHA-256/i],
])('a plugin that %s ends the run with its place', async (_, incoming, expected) => {
  const folder = tempFolder();
  const host = await startHost(scripted(folder, { incoming: incoming(folder) }));
  const error = await host.done.catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ name: 'PluginError', field: 'incoming.plugin' });
  expect(String(error)).toMatch(/orders\.yaml:\d+: incoming\.plugin: /);
  expect(String(error)).toMatch(expected);
});

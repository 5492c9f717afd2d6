import type { ConnectionConfig, Health, PluginError } from '@vrsky/runtime';
import type { ConnectionNode } from '@vrsky/runtime/host';
import { describe, expect, onTestFinished, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { slowly } from '../../../tools/testing/slowness.ts';
import { startTcpProxy, type TcpProxy } from '../../../tools/testing/tcp-proxy.ts';
import { incomingConfig, outgoingConfig } from './support/config.ts';
import {
  type Kind,
  messageOf,
  type Outside,
  startDestination,
  startOutside,
  startSource,
} from './support/connections.ts';
import { put } from './support/files.ts';
import { start } from './support/plugin.ts';
import { startScripted } from './support/scripted-server.ts';

/** What a slow machine may add to a limit. */
const SLACK_MS = slowly(1000);
const TIMEOUT_MS = 3000;
const timeout = Temporal.Duration.from({ milliseconds: TIMEOUT_MS });

type ConfigOf = (settings: object, more?: Partial<ConnectionConfig>) => ConnectionConfig<object>;
const directions: [string, ConfigOf][] = [
  ['incoming', incomingConfig],
  ['outgoing', outgoingConfig],
];
const kinds: Kind[] = ['proftpd ftp', 'proftpd ftps', 'proftpd sftp'];
const cases = kinds.flatMap((kind) =>
  directions.map(([direction, configOf]): [Kind, string, ConfigOf] => [kind, direction, configOf]),
);
const thereAreServers = ['proftpd', 'openssl'].map((program) => needs(program)).every(Boolean);

interface Linked {
  readonly node: ConnectionNode;
  readonly outside: Outside;
  readonly link: TcpProxy;
}

/** A connector process, connected to a server over a link. */
async function connected(kind: Kind, configOf: ConfigOf, settings: object = {}): Promise<Linked> {
  const outside = await startOutside(kind);
  const link = await startTcpProxy(outside.port);
  onTestFinished(() => link.close());
  const connector = await start();
  onTestFinished(() => connector.kill());
  const given = { ...outside.settings, port: link.port, ...settings };
  const config = configOf(given, { ...outside.connection, timeout });
  await connector.node.connect(config as ConnectionConfig, { timeoutMs: 10_000 });
  return { node: connector.node, outside, link };
}

/** What Health says now: its status, or the code of what it throws. */
const told = (health: Promise<Health>): Promise<string> =>
  health.then(
    ({ status }) => status,
    ({ code }: PluginError) => code,
  );

/** What a call throws, if it does, and after how many milliseconds. */
async function lasting(call: Promise<unknown>): Promise<[thrown: unknown, ms: number]> {
  const since = performance.now();
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  return [thrown, performance.now() - since];
}

describe.runIf(thereAreServers)('40: Health', () => {
  test.each(cases)(
    '%s, %s: fails while the server is gone, and recovers without traffic',
    async (kind, _direction, configOf) => {
      const { node, outside } = await connected(kind, configOf);
      expect(await told(node.health())).toBe('ok');
      await outside.stop();
      await expect.poll(() => told(node.health())).toBe('CONNECTION_FAILED');
      await outside.start();
      await expect.poll(() => told(node.health()), { timeout: slowly(20_000) }).toBe('ok');
    },
  );

  test.each(cases)(
    '%s, %s: fails within the timeout at a server that has gone silent; Disconnect ends within it',
    async (kind, direction, configOf) => {
      const settings = direction === 'incoming' ? { drainTimeoutMs: 1000 } : {};
      const { node, link, outside } = await connected(kind, configOf, settings);
      if (direction === 'incoming') {
        put(outside.drop, 'a.csv', 'a');
        await node.receive({ timeoutMs: 15_000 });
      }
      link.freeze();
      const [failure, ms] = await lasting(node.health());
      expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
      expect(failure).toHaveProperty('rawMessage', expect.stringContaining(`${TIMEOUT_MS} ms`));
      expect(ms).toBeLessThan(TIMEOUT_MS + SLACK_MS);
      if (direction === 'outgoing') {
        const [lost] = await lasting(node.send(messageOf('m1', 'x')));
        expect(lost).toMatchObject({ recoverable: true });
      }
      const [, disconnectMs] = await lasting(node.disconnect());
      expect(disconnectMs).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    },
  );
});

const local = (port: number) => ({
  settings: { port },
  connection: { type: 'ftp', credentials: { username: 'tester' } },
});

test('40: while it fails, Health dials at most every 5 s, however often it is asked', async () => {
  let isRefusing = false;
  let logins = 0;
  const server = await startScripted({
    USER: (_name, { control }) => {
      logins += 1;
      if (!isRefusing) return undefined;
      control.destroy();
      return null;
    },
  });
  const { destination } = await startDestination(local(server.port));
  expect((await destination.health(AbortSignal.timeout(10_000))).status).toBe('ok');
  isRefusing = true;
  for (const { control } of server.sessions) control.destroy();
  await expect
    .poll(() => told(destination.health(AbortSignal.timeout(10_000))))
    .toBe('CONNECTION_FAILED');
  const before = logins;
  const since = performance.now();
  for (let times = 0; times < 50; times += 1) {
    expect(await told(destination.health(AbortSignal.timeout(10_000)))).toBe('CONNECTION_FAILED');
  }
  const most = Math.ceil((performance.now() - since) / 5000);
  expect(logins - before).toBeLessThanOrEqual(most);
});

test('40: Health fails when uploads fail three times in a row, although the server lets in', async () => {
  const server = await startScripted({ STOR: () => '452 no room' });
  const { destination, send, failure } = await startDestination(local(server.port));
  const health = (): Promise<string> => told(destination.health(AbortSignal.timeout(10_000)));
  const answers: string[] = [];
  for (const id of ['1', '2', '3']) {
    expect(await failure(messageOf(id, id))).toMatchObject({ reason: 'STORAGE_FULL' });
    answers.push(await health());
  }
  expect(answers).toEqual(['degraded', 'degraded', 'SERVER_ERROR']);
  delete server.script['STOR'];
  await send(messageOf('4', '4'));
  expect(await health()).toBe('ok');
});

test('40: Health fails when the directory cannot be listed three times in a row, and recovers by itself', async () => {
  const server = await startScripted({ MLSD: () => '425 cannot open a data connection' });
  const { source, next } = await startSource(local(server.port), { listCommand: 'mlsd' });
  const receiving = next(slowly(60_000)).catch((error: Error) => error);
  const health = (): Promise<string> => told(source.health(AbortSignal.timeout(10_000)));
  await expect.poll(health, { timeout: slowly(20_000) }).toBe('CONNECTION_FAILED');
  delete server.script['MLSD'];
  await expect.poll(health, { timeout: slowly(20_000) }).toBe('ok');
  server.files.set('/drop/a.csv', Buffer.from('a'));
  expect(await receiving).toHaveProperty('message');
});

test('41: Disconnect waits for the host no longer than `drainTimeoutMs`, and the file stays', async () => {
  const server = await startScripted();
  server.files.set('/drop/a.csv', Buffer.from('a'));
  const { source, next } = await startSource(local(server.port), { drainTimeoutMs: 300 });
  await next();
  const [, ms] = await lasting(source.stop(new AbortController().signal));
  expect(ms).toBeGreaterThanOrEqual(250);
  expect(ms).toBeLessThan(300 + SLACK_MS);
  expect([...server.files.keys()]).toEqual(['/drop/a.csv']);
});

test.runIf(thereAreServers).each(kinds)(
  '41: %s: stop closes its connections itself at a server that has gone silent',
  async (kind) => {
    const outside = await startOutside(kind);
    const link = await startTcpProxy(outside.port);
    onTestFinished(() => link.close());
    const settings = { ...outside.settings, port: link.port };
    const { source } = await startSource({ settings, connection: outside.connection });
    link.freeze();
    const [, ms] = await lasting(source.stop(new AbortController().signal));
    expect(ms).toBeLessThan(slowly(1500));
  },
);

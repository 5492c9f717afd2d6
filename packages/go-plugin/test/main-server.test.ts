import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectNet } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Client, Code, createClient } from '@connectrpc/connect';
import { afterEach, describe, expect, it } from 'vitest';
import { slowly } from '../../../tools/testing/slowness.ts';
import { createQueue } from '../src/broker/queue.ts';
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from '../src/gen/grpc/health/v1/health_pb.ts';
import { type ConnInfo, GRPCBroker } from '../src/gen/plugin/grpc_broker_pb.ts';
import { GRPCController } from '../src/gen/plugin/grpc_controller_pb.ts';
import { StdioData_Channel as Channel, GRPCStdio } from '../src/gen/plugin/grpc_stdio_pb.ts';
import { type Connection, connect } from '../src/grpc/connection.ts';
import { toAddress } from '../src/handshake/handshake.ts';
import { createIdentity, type Identity, toPem } from '../src/tls/certificate.ts';
import { mutualTls } from '../src/tls/options.ts';
import { Testing } from './gen/testing_pb.ts';
import { usePlugins } from './support/plugins.ts';
import { endAll, type RawPlugin, runRaw } from './support/raw.ts';

usePlugins();
const connections: Connection[] = [];
afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
  await endAll();
});

async function connectTo(path: string, tls: ReturnType<typeof mutualTls> | undefined) {
  const connection = await connect(toAddress('unix', path), {
    tls,
    maxMessageBytes: 1e6,
    timeoutMs: 20_000,
  });
  connections.push(connection);
  return connection;
}

async function plainPlugin(env: Record<string, string> = {}) {
  const plugin = runRaw(env);
  const path = (await plugin.handshake())[3] ?? '';
  const { transport } = await connectTo(path, undefined);
  return { plugin, path, transport, testing: createClient(Testing, transport) };
}

async function securePlugin(): Promise<{
  plugin: RawPlugin;
  path: string;
  host: Identity;
  peer: string;
}> {
  const host = createIdentity();
  const plugin = runRaw({ PLUGIN_CLIENT_CERT: host.cert });
  const fields = await plugin.handshake();
  return {
    plugin,
    host,
    path: fields[3] ?? '',
    peer: toPem(Buffer.from(fields[5] ?? '', 'base64')),
  };
}

/** The plugin has survived, and serves the host that it was started by. */
async function expectServed({ path, host, peer }: Awaited<ReturnType<typeof securePlugin>>) {
  const { transport } = await connectTo(path, mutualTls(host, peer));
  expect(await createClient(Testing, transport).echo({ text: 'hi' })).toMatchObject({ text: 'hi' });
}

describe('a plugin with mutual TLS', () => {
  it('refuses a client with another certificate of the same name', async () => {
    const started = await securePlugin();
    await expect(
      connectTo(started.path, mutualTls(createIdentity(), started.peer)),
    ).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
    });
    await expect.poll(started.plugin.stderr).toContain('connection refused');
    await expectServed(started);
  });

  it('refuses a client without a certificate', async () => {
    const started = await securePlugin();
    const socket = connectTls({
      path: started.path,
      ca: started.peer,
      servername: 'localhost',
      ALPNProtocols: ['h2'],
    });
    const [error] = await once(socket, 'error');
    expect(String(error)).toMatch(/certificate required/i);
    await expectServed(started);
  });

  it('refuses a client without TLS', async () => {
    const started = await securePlugin();
    await expect(connectTo(started.path, undefined)).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
    });
    await expectServed(started);
  });

  it('selects h2, with TLS 1.2 and 1.3', async () => {
    const { path, host, peer } = await securePlugin();
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = connectTls({ ...mutualTls(host, peer), path, maxVersion });
      await once(socket, 'secureConnect');
      expect([socket.alpnProtocol, socket.getProtocol()]).toEqual(['h2', maxVersion]);
      socket.destroy();
    }
  });
});

describe('the main server of a plugin', () => {
  it('reports its health', async () => {
    const { transport } = await plainPlugin();
    const health = createClient(Health, transport);
    for (const service of ['plugin', '']) {
      expect(await health.check({ service })).toMatchObject({ status: Status.SERVING });
    }
    await expect(health.check({ service: 'other' })).rejects.toMatchObject({
      code: Code.NotFound,
      rawMessage: 'unknown service',
    });
    const { statuses: all } = await health.list({});
    expect(Object.keys(all).toSorted()).toEqual(['', 'plugin']);
    const stop = new AbortController();
    const statuses = health.watch({ service: 'plugin' }, { signal: stop.signal });
    const watch = statuses[Symbol.asyncIterator]();
    expect((await watch.next()).value).toMatchObject({ status: Status.SERVING });
    const next = watch.next();
    expect(await Promise.race([next, health.check({}).then(() => 'open')])).toBe('open');
    stop.abort();
    await expect(next).rejects.toMatchObject({ code: Code.Canceled });
  });

  it('answers unknown methods with a status and nothing else', async () => {
    const { path } = await plainPlugin();
    const session = connectHttp2('http://localhost', { createConnection: () => connectNet(path) });
    const call = session.request(
      { ':method': 'POST', ':path': '/no.Such/Mëthod%0A', 'content-type': 'application/grpc' },
      { endStream: false },
    );
    call.resume();
    const [headers] = await once(call, 'response');
    expect(headers).toMatchObject({
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': '12',
      'grpc-message': expect.stringMatching(/^unknown%20method%20|^unknown method /),
    });
    call.end();
    await once(call, 'close');
    expect(call.rstCode).toBe(0);
    session.destroy();
  });

  it('survives probes, garbage and a thousand cancelled calls', async () => {
    const { path, testing } = await plainPlugin();
    connectNet(path).on('connect', function (this: ReturnType<typeof connectNet>) {
      this.destroy();
    });
    const garbage = connectNet(path);
    garbage.on('error', () => {});
    garbage.write('GET / HTTP/1.1\r\n\r\n');
    garbage.resume();
    await once(garbage, 'close');
    const calls = Array.from({ length: 1_000 }, () => {
      const stop = new AbortController();
      const call = testing.run({ text: 'hang' }, { signal: stop.signal });
      setImmediate(() => stop.abort());
      return call.catch((error: unknown) => error);
    });
    await Promise.all(calls);
    expect(await testing.echo({ text: 'hi' })).toMatchObject({ text: 'hi' });
  });

  it('has one stream for the broker', async () => {
    const { transport } = await plainPlugin();
    const broker = createClient(GRPCBroker, transport);
    const [first, second] = [createQueue<ConnInfo>(), createQueue<ConnInfo>()];
    const open = broker.startStream(first)[Symbol.asyncIterator]().next();
    await createClient(Health, transport).check({});
    const refused = broker.startStream(second)[Symbol.asyncIterator]().next();
    await expect(refused).rejects.toMatchObject({ code: Code.FailedPrecondition });
    first.end();
    expect(await open).toMatchObject({ done: true });
    second.end();
  });

  it('ends its endless streams cleanly on Shutdown', async () => {
    const { plugin, transport } = await plainPlugin();
    const infos = createQueue<ConnInfo>();
    const broker = createClient(GRPCBroker, transport).startStream(infos)[Symbol.asyncIterator]();
    const health = createClient(Health, transport).watch({})[Symbol.asyncIterator]();
    const prints = createClient(GRPCStdio, transport).streamStdio({})[Symbol.asyncIterator]();
    await health.next();
    const ends = [broker.next(), health.next()];
    const bye = prints.next();
    await createClient(GRPCController, transport).shutdown({});
    expect((await bye).value).toMatchObject({ data: new TextEncoder().encode('bye\n') });
    for (const end of [...ends, prints.next()]) expect(await end).toMatchObject({ done: true });
    expect(await plugin.exit).toEqual({ code: 0, signal: null });
    infos.end();
  });

  it('answers Shutdown before it exits with 0', async () => {
    const { plugin, transport } = await plainPlugin();
    const began = performance.now();
    await createClient(GRPCController, transport).shutdown({});
    expect(await plugin.exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(slowly(1_000));
  });
});

describe('printed output', () => {
  it('keeps bytes and order, in chunks of at most 1 KiB, also when printed before anybody reads', async () => {
    const { transport, testing } = await plainPlugin();
    await testing.run({ text: 'print' });
    await testing.run({ text: 'print much' });
    const chunks = read(createClient(GRPCStdio, transport));
    const first = 'hello from stdout\npart one, part two ✓\n';
    const much = Array.from(
      { length: 20_000 },
      (_, line) => `line ${line} ${'x'.repeat(50)}\n`,
    ).join('');
    await expect.poll(() => chunks.text(Channel.STDOUT).length).toBe(first.length + much.length);
    expect(chunks.text(Channel.STDOUT)).toBe(first + much);
    expect(chunks.text(Channel.STDERR)).toBe('hello from stderr\n');
    expect(chunks.longest()).toBeLessThanOrEqual(1_024);
    expect(await testing.echo({ text: 'served meanwhile' })).toMatchObject({
      text: 'served meanwhile',
    });
  });

  it('is rewritten, and stays byte for byte where it is not', async () => {
    const { transport, testing } = await plainPlugin({ TESTING_REWRITE: 'hello from' });
    await testing.run({ text: 'print' });
    const chunks = read(createClient(GRPCStdio, transport));
    await expect.poll(() => chunks.text(Channel.STDOUT)).toBe('XXX stdout\npart one, part two ✓\n');
    await expect.poll(() => chunks.text(Channel.STDERR)).toBe('XXX stderr\n');
  });

  it('goes to the newest reader', async () => {
    const { transport, testing } = await plainPlugin();
    const stdio = createClient(GRPCStdio, transport);
    await testing.run({ text: 'print' });
    const before = read(stdio);
    await expect.poll(() => before.text(Channel.STDOUT)).toContain('part two');
    const after = read(stdio);
    await before.ended;
    await testing.run({ text: 'print' });
    await expect.poll(() => after.text(Channel.STDOUT)).toContain('part two');
    expect(after.text(Channel.STDOUT)).toBe(before.text(Channel.STDOUT));
  });

  it('pushes back printers that can wait, and counts what others lose', async () => {
    const { plugin, transport, testing } = await plainPlugin();
    expect(await testing.run({ text: 'print until pushed back' })).toMatchObject({
      text: '262144',
    });
    expect(await testing.run({ text: 'print too much' })).toMatchObject({ text: '' });
    const chunks = read(createClient(GRPCStdio, transport));
    await expect.poll(plugin.stderr).toContain('printed output was discarded');
    await expect.poll(chunks.bytes).toBe(16 * 1024 * 1024);
    expect(chunks.longest()).toBe(1_024);
    const lines = plugin
      .stderr()
      .split('\n')
      .filter((line) => line.includes('discarded'));
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ bytes: 1024 * 1024 });
    expect(await testing.run({ text: 'drained' })).toMatchObject({ text: 'true' });
  });
});

function read(stdio: Client<typeof GRPCStdio>) {
  const chunks: { channel: number; data: Uint8Array }[] = [];
  const ended = (async () => {
    try {
      for await (const chunk of stdio.streamStdio({})) chunks.push(chunk);
    } catch {}
  })();
  return {
    ended,
    bytes: () => chunks.reduce((sum, { data }) => sum + data.length, 0),
    longest: () => Math.max(...chunks.map(({ data }) => data.length)),
    text: (channel: number) =>
      Buffer.concat(
        chunks.filter((chunk) => chunk.channel === channel).map(({ data }) => data),
      ).toString(),
  };
}

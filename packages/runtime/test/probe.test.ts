import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { PluginError } from '@vrsky/runtime';
import { type Destination, defineConnector } from '@vrsky/runtime/plugin';
import { pino } from 'pino';
import { Type } from 'typebox';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { Lifecycle } from '../src/plugin/lifecycle.ts';
import { ProbeSetting } from '../src/plugin/probe.ts';
import { configOf } from './fixtures/launch.ts';

/** Its destinations connect to a TCP port: when they start, and to probe. */
const connector = defineConnector({
  metadata: {
    id: 'tcp',
    name: 'tcp-connector',
    version: '1.0.0',
    description: 'a TCP endpoint',
    author: 'tests',
    documentation: 'https://example.com',
    capabilities: [],
  },
  outgoing: {
    types: ['tcp'],
    settings: Type.Object({
      port: Type.Integer(),
      topic: Type.String({ default: '' }),
      probe: ProbeSetting,
    }),
    credentials: { known: { password: 'the password' } },
    destination: ({ settings: { port } }): Destination => ({
      probe: { endpoint: `tcp://127.0.0.1:${port}`, run: (signal) => dial(port, signal) },
      start: async (signal) => void (await dial(port, signal)),
      send: async () => [{}],
      stop: async () => {},
    }),
  },
});

async function dial(port: number, signal: AbortSignal): Promise<string[]> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'data', { signal });
    return ['it is a test'];
  } catch (cause) {
    signal.throwIfAborted();
    throw new PluginError('CONNECTION_FAILED', `port ${port} cannot be reached`, { cause });
  } finally {
    socket.destroy();
  }
}

let server: Server;
let connections: number;
let port: number;
beforeEach(async () => {
  connections = 0;
  server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {});
    socket.write('hello');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  port = (server.address() as { port: number }).port;
  onTestFinished(() => void server.close());
});

const never = new AbortController().signal;
const open = (): Lifecycle =>
  new Lifecycle(connector, { log: pino({ level: 'silent' }) } as never, {
    identity: undefined,
    functions: undefined,
  });

describe('Validate', () => {
  test('reaches the endpoint once in 30 s, whatever else the configuration changes', async () => {
    const lifecycle = open();
    const first = await lifecycle.validate(configOf('tcp', { port }), never);
    const second = await lifecycle.validate(configOf('tcp', { port, topic: 'b' }), never);
    expect(first).toEqual(['it is a test']);
    expect(second).toEqual(first);
    expect(connections).toBe(1);
  });

  test('tries other credentials at once', async () => {
    const lifecycle = open();
    for (const password of ['wrong', 'right']) {
      await lifecycle.validate(configOf('tcp', { port }, { credentials: { password } }), never);
    }
    expect(connections).toBe(2);
  });

  test('reports a failure again, and says that it is an earlier one', async () => {
    await new Promise((resolve) => server.close(resolve));
    const lifecycle = open();
    const validate = (): Promise<string[]> => lifecycle.validate(configOf('tcp', { port }), never);
    const failure = { code: 'CONNECTION_FAILED', recoverable: true };
    await expect(validate()).rejects.toMatchObject({
      ...failure,
      rawMessage: `port ${port} cannot be reached`,
    });
    await expect(validate()).rejects.toMatchObject({
      ...failure,
      rawMessage: expect.stringMatching(/cannot be reached \(found \d+ s ago; .* once in 30 s\)$/),
    });
  });

  test('does not remember a probe that its caller cancelled', async () => {
    server.removeAllListeners('connection');
    const lifecycle = open();
    const cancel = new AbortController();
    const connected = once(server, 'connection');
    const cancelled = lifecycle.validate(configOf('tcp', { port }), cancel.signal);
    const waiting = lifecycle.validate(configOf('tcp', { port }), never);
    const [socket] = await connected;
    server.on('connection', (later) => later.write('hello'));
    cancel.abort(new Error('cancelled'));
    await expect(cancelled).rejects.toThrow('cancelled');
    await expect(waiting).resolves.toEqual(['it is a test']);
    socket.destroy();
  });

  test('reaches nothing when the setting probe is false', async () => {
    await open().validate(configOf('tcp', { port, probe: false }), never);
    expect(connections).toBe(0);
  });

  test('opens no second connection to what the process is connected to', async () => {
    const lifecycle = open();
    await lifecycle.connect(configOf('tcp', { port }), never);
    await lifecycle.validate(configOf('tcp', { port, topic: 'b' }), never);
    expect(connections).toBe(1);
    await lifecycle.disconnect(never);
  });

  test.each([
    {
      name: 'pasword',
      value: 'x',
      text: 'credentials.pasword: is not known to tcp; did you mean "password"?',
    },
    {
      name: 'password',
      value: '${ERP_KEY}',
      text: 'credentials.password: the value is a placeholder',
    },
    {
      name: 'password',
      value: '${SECRET:erp}',
      text: 'credentials.password: the value is a placeholder',
    },
  ])('refuses the credential $name with the value $value', async ({ name, value, text }) => {
    const config = configOf('tcp', { port }, { credentials: { [name]: value } });
    await expect(open().validate(config, never)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      field: `credentials.${name}`,
      rawMessage: expect.stringContaining(text),
    });
  });
});

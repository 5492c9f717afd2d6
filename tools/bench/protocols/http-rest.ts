import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { ConnectionConfig, Message } from '@vrsky/runtime';
import { type ConnectorProcess, launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';
import { Agent } from 'undici';
import { IDENTITY, messageParts } from '../src/message.ts';
import { MemoryWatch } from '../ts-host/usage.ts';
import type { Contestant, Sample } from './compare.ts';
import { type ConnectorBenchmark, executableOf } from './run.ts';

const IN_FLIGHT = 64;
const CONNECTIONS = 32;
const WARM_UP = 2000;
const MESSAGES = 20_000;
const PAYLOAD = Buffer.from(JSON.stringify({ order: 'x'.repeat(1000) }));

/** POSTs of 1 KiB to a server of this machine, and what the way through host and connector costs. */
export const benchmark: ConnectorBenchmark = {
  connectors: ['http'],
  async measure(compete) {
    const endpoint = fork(new URL('http-rest/endpoint.ts', import.meta.url));
    try {
      const [port] = (await once(endpoint, 'message')) as [number];
      const url = `http://127.0.0.1:${port}/orders`;
      await compete({
        title: 'POST of 1 KiB',
        contestants: [
          bareUndici(url),
          httpRest('http-rest', { url }),
          httpRest('http-rest, signed', { url, auth: { standardWebhooks: {} } }),
          httpRest('http-rest, batches of 100', { url, batch: { mode: 'json-array' } }),
        ],
      });
    } finally {
      endpoint.kill();
      await once(endpoint, 'exit');
    }
  },
};

/** The least that a program could do: the same requests, straight from here. */
function bareUndici(url: string): Contestant {
  const { origin, pathname: path } = new URL(url);
  return {
    name: 'bare undici',
    async run() {
      const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 });
      try {
        return await timed(async (message) => {
          const headers = { 'content-type': 'application/json', 'idempotency-key': message.id };
          const body = message.payload;
          const answer = await agent.request({ origin, path, method: 'POST', headers, body });
          await answer.body.bytes();
          if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
        });
      } finally {
        await agent.destroy();
      }
    },
  };
}

function httpRest(name: string, settings: ConnectionConfig['settings']): Contestant {
  return {
    name,
    async run() {
      const config = configOf({ maxConnections: CONNECTIONS, ...settings });
      const connector = await launch(config);
      try {
        await connector.node.connect(config);
        const stream = await connector.node.sendStream();
        using watch = new MemoryWatch(connector.pid, 20);
        const sample = await timed((message) => stream.send(message, { timeoutMs: 30_000 }));
        await stream.close();
        return { ...sample, anonPeak: watch.peak().anon };
      } finally {
        await connector.kill();
      }
    },
  };
}

/** Sends the messages, as many at a time as may be under way. */
async function timed(send: (message: Message) => Promise<unknown>): Promise<Sample> {
  let next = 0;
  const sendUpTo = async (end: number): Promise<void> => {
    const lane = async (): Promise<void> => {
      while (next < end) await send({ ...messageParts(next++, PAYLOAD), timestamp: undefined });
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  };
  await sendUpTo(WARM_UP);
  const begun = performance.now();
  await sendUpTo(WARM_UP + MESSAGES);
  return { messages: MESSAGES, seconds: (performance.now() - begun) / 1000 };
}

function launch(config: ConnectionConfig): Promise<ConnectorProcess> {
  return launchConnector({
    command: executableOf('http'),
    log: pino({ level: 'silent' }),
    identity: IDENTITY,
    hostFunctions: {
      getSecret: async () => '',
      log: () => {},
      recordMetric: () => {},
      getConfiguration: () => config,
    },
  });
}

function configOf(settings: ConnectionConfig['settings']): ConnectionConfig {
  const zero = Temporal.Duration.from({ seconds: 0 });
  return {
    id: 'bench',
    name: 'billing-out',
    type: 'http-rest',
    settings: { ssrf: { allowPrivate: true }, ...settings },
    credentials: { signing_secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}` },
    timeout: zero,
    retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
  };
}

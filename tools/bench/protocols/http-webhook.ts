import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';
import type { Contestant, Sample } from './compare.ts';
import { type ConnectorBenchmark, executableOf } from './run.ts';

const REQUESTS = 30_000;
const WARM_UP = 5000;
const CONNECTIONS = 64;
const BODY = Buffer.alloc(1024, 'x');

/** A webhook from its first byte to its 202, with a host that acks at once, beside fastify alone. */
export const benchmark: ConnectorBenchmark = {
  connectors: ['http'],
  async measure(compete) {
    const bare = await start('bare-server.ts');
    const host = await start('host.ts', executableOf('http'));
    try {
      await compete({
        title: `webhooks of 1 KiB, ${CONNECTIONS} connections`,
        contestants: [
          contestant('fastify alone', bare),
          contestant('http-connector and TypeScript host', host),
        ],
      });
    } finally {
      for (const { child } of [bare, host]) await end(child);
    }
  },
};

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
  /** Of the connector, if it has one. */
  readonly connector?: number;
}

async function start(program: string, ...args: string[]): Promise<Started> {
  const child = fork(join(import.meta.dirname, 'http-webhook', program), args, {
    execArgv: ['--conditions=vrsky:source', '--disable-warning=ExperimentalWarning'],
  });
  const [told] = (await once(child, 'message')) as [Omit<Started, 'child'>];
  return { child, ...told };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.disconnect();
  const timer = setTimeout(() => child.kill(), 3000);
  await exited;
  clearTimeout(timer);
}

function contestant(name: string, { port, connector }: Started): Contestant {
  return {
    name,
    async run(): Promise<Sample> {
      await post(port, WARM_UP);
      const begun = performance.now();
      await post(port, REQUESTS);
      const seconds = (performance.now() - begun) / 1000;
      return {
        messages: REQUESTS,
        seconds,
        ...(connector !== undefined && { anonPeak: anonymousPeak(connector) }),
      };
    },
  };
}

/** Every answer must be 202. */
async function post(port: number, count: number): Promise<void> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS, pipelining: 1 });
  let left = count;
  const sender = async (): Promise<void> => {
    while (left-- > 0) {
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: '/webhooks/orders',
        headers: { 'content-type': 'application/json' },
        body: BODY,
      });
      await body.dump();
      if (statusCode !== 202) throw new Error(`a webhook was answered ${statusCode}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  } finally {
    await pool.destroy();
  }
}

/** Anonymous memory now, after the load: V8 gives little of it back. */
function anonymousPeak(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConnectionNode } from '@vrsky/runtime/host';
import { expect, onTestFinished, test } from 'vitest';
import { findCanary } from '../tools/testing/canary.ts';
import { type CanaryCase, everythingSaid } from './support/canary-run.ts';
import { echoingFtp, echoingHttp, echoingMqtt } from './support/echoing-servers.ts';

const CANARY = 'cAn4ry+7Qx/9zK2m~T3w';
/** Written into a file. */
const LITERAL = 'lIteral+5Gh/1pL8b~R6y';
const HTTP = '../connectors/http/src/main.ts';
const HOST = '../packages/host/src/main.ts';
const user = { username: 'someone', password: CANARY };

/** One line for each way in which a connector takes a secret. */
const cases: Record<string, () => Promise<CanaryCase>> = {
  'http-rest with a bearer token': async () => ({
    ...(await rest({ bearer: {} })),
    credentials: { bearer_token: CANARY },
  }),
  'http-rest with a password': async () => ({
    ...(await rest({ basic: {} })),
    credentials: { basic_username: 'someone', basic_password: CANARY },
  }),
  'http-rest with a key in the query': async () => ({
    ...(await rest({ apiKey: { in: 'query', name: 'key' } })),
    credentials: { api_key: CANARY },
  }),
  'http-rest with the secret of an OAuth 2 client': async () => ({
    ...(await rest({ oauth2: { tokenUrl: `http://127.0.0.1:${await echoingHttp()}/token` } })),
    credentials: { oauth2_client_id: 'someone', oauth2_client_secret: CANARY },
  }),
  'http-webhook with tokens': async () => ({
    connector: 'http',
    type: 'http-webhook',
    settings: { host: '127.0.0.1', port: 0, auth: { bearer: {} } },
    credentials: { bearer_tokens: `${CANARY}\nanother-token-of-it` },
    provoke: wrongSenders,
  }),
  'mqtt-publish with a password': async () => ({
    ...(await mqtt()),
    type: 'mqtt-publish',
    settings: { ...(await mqtt()).settings, topic: 'a' },
  }),
  'mqtt-subscribe with a password': async () => ({
    ...(await mqtt()),
    type: 'mqtt-subscribe',
    settings: { ...(await mqtt()).settings, topics: [{ filter: 'a' }] },
  }),
  'ftp with a password, incoming': () => ftp('incoming'),
  'ftp with a password, outgoing': () => ftp('outgoing'),
  'sftp with a key that is none': async () => ({
    ...(await ftp('incoming', { allowAnyHostKey: true })),
    type: 'sftp',
    credentials: {
      username: 'someone',
      private_key: `-----BEGIN RSA PRIVATE KEY-----\n${CANARY}\n-----END RSA PRIVATE KEY-----`,
    },
  }),
};

test.each(Object.entries(cases))(
  'a secret that is echoed, printed and crashed with gets out nowhere: %s',
  async (_, make) => {
    const said = await everythingSaid(CANARY, await make());
    // The crash, and what the connector did before, have arrived; and something was cut out.
    for (const sign of ['panic: crashed with', 'printed', 'warned of', '[redacted]']) {
      expect(said.includes(sign), `${sign}\n${said}`).toBe(true);
    }
    expect(findCanary(said, CANARY)).toBeUndefined();
  },
  60_000,
);

test('a host at trace shows no secret, neither of its environment nor one written in its file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'canary-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'canary.yaml');
  writeFileSync(file, integrationFile(await echoingHttp()));
  const { all, until, ended, stop } = startHost(file);
  const port = Number(await until(/incoming is up.*/, /"port":"(\d+)"/));
  for (const authorization of [`Bearer ${LITERAL}`, `Basic ${btoa(`x:${LITERAL}`)}`]) {
    await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body: '{}',
      headers: { authorization },
    });
  }
  await until(/"alert":"dead-letter".*/, /(dead)/);
  stop();
  await ended;
  const stored = readdirSync(folder).filter((name) => !name.endsWith('.yaml'));
  const kept = stored.map((name) => readFileSync(join(folder, name), 'latin1')).join('\n');
  expect(all()).toContain('"msg":"message received"');
  for (const secret of [CANARY, LITERAL]) {
    expect(findCanary(all(), secret)).toBeUndefined();
    expect(findCanary(kept, secret)).toBeUndefined();
  }
}, 60_000);

/** The webhook's token is written into the file; that of the endpoint comes from the environment. */
function integrationFile(endpoint: number): string {
  const plugin = {
    log: 'trace',
    plugin: process.execPath,
    args: ['--conditions=vrsky:source', '--disable-warning=ExperimentalWarning', pathOf(HTTP)],
  };
  return JSON.stringify({
    name: 'canary',
    store: './canary.db',
    incoming: {
      ...plugin,
      type: 'http-webhook',
      settings: { host: '127.0.0.1', port: 0, auth: { bearer: {} } },
      credentials: { bearer_tokens: LITERAL },
    },
    outgoing: {
      ...plugin,
      type: 'http-rest',
      settings: {
        url: `http://127.0.0.1:${endpoint}/`,
        ssrf: { allowPrivate: true },
        auth: { bearer: {} },
      },
      credentials: { bearer_token: '${SECRET:canary}' },
      retry: { maxRetries: 1, initialBackoff: '10ms' },
    },
  });
}

/** The command line as its own process; it is gone when the test ends. */
function startHost(file: string) {
  const args = ['--conditions=vrsky:source', pathOf(HOST), 'run', file, '--log-level', 'trace'];
  const env = { ...process.env, VRSKY_SECRET_CANARY: CANARY };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let all = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      all += text;
    });
  }
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  /** What stands in the first line that matches. */
  const until = async (line: RegExp, part: RegExp): Promise<string> => {
    await expect.poll(() => line.test(all) || child.exitCode, { timeout: 40_000 }).toBe(true);
    const text = all.split('\n').find((one) => line.test(one)) ?? '';
    return part.exec(text)?.[1] ?? '';
  };
  return { all: () => all, until, ended, stop: () => child.kill('SIGTERM') };
}

function pathOf(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

async function rest(auth: object): Promise<Omit<CanaryCase, 'credentials'>> {
  const url = `http://127.0.0.1:${await echoingHttp()}/orders`;
  const settings = { url, ssrf: { allowPrivate: true }, auth };
  return { connector: 'http', type: 'http-rest', settings: settings as CanaryCase['settings'] };
}

async function mqtt(): Promise<CanaryCase> {
  const brokers = [`mqtt://127.0.0.1:${await echoingMqtt()}`];
  return { connector: 'mqtt', type: '', settings: { brokers }, credentials: user };
}

async function ftp(direction: string, more: object = {}): Promise<CanaryCase> {
  const place = { host: '127.0.0.1', port: await echoingFtp(), directory: '/drop' };
  const settings = { ...place, direction, ...more };
  return { connector: 'ftp', type: 'ftp', settings, credentials: user };
}

/** Requests that show the right token in the wrong place. */
async function wrongSenders(node: ConnectionNode): Promise<unknown> {
  const { port } = (await node.health()).details;
  const url = `http://127.0.0.1:${port}`;
  const post = async (path: string, headers: Record<string, string>): Promise<unknown> => {
    const response = await fetch(url + path, { method: 'POST', body: CANARY, headers });
    return [response.status, await response.text(), ...response.headers];
  };
  return Promise.all([
    post(`/?token=${encodeURIComponent(CANARY)}`, {}),
    post(`/${encodeURIComponent(CANARY)}`, { authorization: `Basic ${btoa(`a:${CANARY}`)}` }),
    post('/', { authorization: `Bearer ${CANARY}x` }),
    post('/', { authorization: `Bearer ${CANARY}`, 'content-type': 'application/json' }),
  ]);
}

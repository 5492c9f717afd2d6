import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { freePort } from '../tools/testing/file-server.ts';
import { slowly } from '../tools/testing/slowness.ts';
import { unpackRelease } from './support/release.ts';

const PREVIOUS = '0.1.0';
const root = join(import.meta.dirname, '..');
const present = {
  connector: join(root, 'dist/bin/http-connector'),
  host: ['--conditions=vrsky:source', join(root, 'packages/host/src/main.ts')],
};

let folder: string;
let previous: ReturnType<typeof unpackRelease>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vrsky-release-'));
  previous = unpackRelease(PREVIOUS, folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Received {
  readonly body: string;
  readonly contentType: string | undefined;
}

/** An endpoint that takes what the outgoing connector sends. */
async function startEndpoint(): Promise<{ port: number; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const body = String(await buffer(request));
    received.push({ body, contentType: request.headers['content-type'] });
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, received };
}

/** Runs an integration from a webhook to the endpoint; it ends with the test if it has not before. */
function runIntegration(
  host: readonly string[],
  plugin: string,
  ports: { from: number; to: number },
): { child: ChildProcess; log: () => string } {
  const file = join(folder, `${ports.from}.yaml`);
  writeFileSync(
    file,
    `name: across-releases
store: ./${ports.from}.db
incoming:
  type: http-webhook
  plugin: ${plugin}
  settings: { host: 127.0.0.1, port: ${ports.from} }
outgoing:
  type: http-rest
  plugin: ${plugin}
  settings: { url: "http://127.0.0.1:${ports.to}/orders", ssrf: { allowPrivate: true } }
`,
  );
  const child = spawn(process.execPath, [...host, 'run', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += String(chunk);
  });
  return { child, log: () => log };
}

test.each([
  [`connectors of ${PREVIOUS} run under this host`, 'connector'],
  [`these connectors run under the host of ${PREVIOUS}`, 'host'],
] as const)('%s: a webhook becomes a call of the endpoint', async (_, older) => {
  const host = older === 'host' ? [previous.host] : present.host;
  const plugin = older === 'connector' ? previous.connector : present.connector;
  const endpoint = await startEndpoint();
  const from = await freePort();
  const { child, log } = runIntegration(host, plugin, { from, to: endpoint.port });

  const post = () =>
    fetch(`http://127.0.0.1:${from}/`, {
      method: 'POST',
      body: '{"order":1}',
      headers: { 'content-type': 'application/json' },
    });
  // It listens as soon as both connectors have started.
  const status = await vi.waitFor(async () => (await post()).status, {
    timeout: slowly(15_000),
    interval: 50,
  });
  expect(status, log()).toBe(202);
  await vi.waitFor(
    () =>
      expect(endpoint.received).toEqual([{ body: '{"order":1}', contentType: 'application/json' }]),
    { timeout: slowly(5000), interval: 20 },
  );

  child.kill('SIGTERM');
  expect(await once(child, 'exit'), log()).toEqual([0, null]);
});

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startEndpoint } from './support/endpoint.ts';
import { deadLetters, startHost } from './support/host.ts';
import { sendAll } from './support/senders.ts';

const connector = fileURLToPath(new URL('../dist/bin/http-connector', import.meta.url));
const WEBHOOKS = 10_000;
const CONNECTIONS = 64;

test('of 10,000 webhooks under 5 kill -9, each one answered 2xx arrives', async () => {
  const endpoint = await startEndpoint();
  const port = await freePort();
  const file = integrationFile(port, endpoint.url);
  const host = startHost(file);

  const kills = [
    { after: 1500, kill: () => host.killConnector() },
    { after: 3000, kill: () => host.killHost() },
    { after: 4500, kill: () => host.killConnector() },
    { after: 6000, kill: () => host.killHost() },
    { after: 7500, kill: () => host.killConnector() },
  ];
  const url = `http://127.0.0.1:${port}/webhooks/orders`;
  const sent = await sendAll(url, WEBHOOKS, CONNECTIONS, ({ accepted }) => {
    if (kills[0] && accepted >= kills[0].after) kills.shift()?.kill();
  });
  expect(kills).toEqual([]);

  const missing = (): number[] =>
    Array.from({ length: WEBHOOKS }, (_, n) => n).filter((n) => !endpoint.arrived.has(String(n)));
  await vi.waitUntil(() => missing().length === 0, { timeout: 120_000, interval: 250 });

  const copies = [...endpoint.arrived.values()].reduce((sum, times) => sum + times, 0);
  const dead = deadLetters(file);
  console.log(
    `${WEBHOOKS} webhooks accepted, ${sent.refused} tries refused and repeated, 5 x kill -9: ` +
      `lost ${missing().length}, duplicates ${copies - endpoint.arrived.size}, dead letters ${dead.length}`,
  );
  expect(missing()).toEqual([]);
  expect(dead).toEqual([]);
  expect(await host.stop()).toBe(0);
}, 300_000);

function integrationFile(port: number, url: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'vrsky-faults-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'integration.yaml');
  writeFileSync(
    file,
    `name: faults
store: ./faults.db
concurrency: 16
incoming:
  type: http-webhook
  plugin: ${connector}
  settings: { host: 127.0.0.1, port: ${port} }
outgoing:
  type: http-rest
  plugin: ${connector}
  settings: { url: "${url}", ssrf: { allowPrivate: true } }
  retry: { maxRetries: 20, initialBackoff: 100ms, maxBackoff: 1s }
`,
  );
  return file;
}

/** The port has to be known to senders while hosts come and go. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

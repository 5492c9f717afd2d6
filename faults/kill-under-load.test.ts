import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { http } from './support/connectors.ts';
import { numbersAt, startEndpoint } from './support/endpoint.ts';
import { tempFolder } from './support/folder.ts';
import { freePort } from './support/free-port.ts';
import { deadLetters, startHost } from './support/host.ts';
import { sendAll } from './support/senders.ts';

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

  await vi.waitUntil(() => endpoint.arrived.size === WEBHOOKS, {
    timeout: 120_000,
    interval: 250,
  });
  const { lost, duplicates } = numbersAt(endpoint, WEBHOOKS);
  const dead = deadLetters(file);
  console.log(
    `${WEBHOOKS} webhooks accepted, ${sent.refused} tries refused and repeated, 5 x kill -9: ` +
      `lost ${lost}, duplicates ${duplicates}, dead letters ${dead.length}`,
  );
  expect(lost).toBe(0);
  expect(dead).toEqual([]);
  expect(await host.stop()).toBe(0);
}, 300_000);

function integrationFile(port: number, url: string): string {
  const file = join(tempFolder(), 'integration.yaml');
  writeFileSync(
    file,
    `name: faults
store: ./faults.db
concurrency: 16
incoming:
  type: http-webhook
  plugin: ${http}
  settings: { host: 127.0.0.1, port: ${port} }
outgoing:
  type: http-rest
  plugin: ${http}
  settings: { url: "${url}", ssrf: { allowPrivate: true } }
  retry: { maxRetries: 20, initialBackoff: 100ms, maxBackoff: 1s }
`,
  );
  return file;
}

import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Integration, loadIntegration, runIntegration } from '@vrsky/host';
import { PluginError } from '@vrsky/runtime';
import { pino } from 'pino';
import { startBroker } from './broker.ts';

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());

const broker = await startBroker((topic, bytes) =>
  console.log(`  broker got a message on ${topic} (${bytes} bytes)`),
);
try {
  const integration = await adapted(broker.url);
  console.log(`Integration "${integration.name}": starting two connectors ...`);
  await runIntegration(integration, {
    log: pino({ level: 'error' }, pino.destination(2)),
    signal: stop.signal,
    onConnected: ({ direction, pid, health }) => {
      console.log(`  ${direction} is up: ${integration[direction].type}, process ${pid}`);
      if (direction === 'incoming') invite(Number(health.details['port']));
    },
    onMessage: ({ id, bytes, milliseconds }) => {
      console.log(
        `  delivered    ${id} (${bytes} bytes, ${milliseconds} ms from receipt to delivery)`,
      );
      if (values.once) stop.abort();
    },
    onAlert: ({ code, text }) => console.error(`  ALERT ${code}: ${text}`),
  });
  console.log('Stopped in good order.');
} catch (thrown) {
  console.error(PluginError.from(thrown).message);
  process.exitCode = 1;
} finally {
  broker.close();
}

/** The integration of the file, with the broker's address, and with a free port if 8080 is taken. */
async function adapted(url: string): Promise<Integration> {
  const file = fileURLToPath(new URL('integration.yaml', import.meta.url));
  const { incoming, outgoing, ...rest } = await loadIntegration(file);
  const port = (await isFree(8080)) ? 8080 : 0;
  return {
    ...rest,
    incoming: { ...incoming, settings: { ...incoming.settings, port } },
    outgoing: { ...outgoing, settings: { ...outgoing.settings, brokers: [url] } },
  };
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const free = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  return free;
}

/** Shows how to post a webhook, or posts one. */
function invite(port: number): void {
  const url = `http://127.0.0.1:${port}/devices/pump-7`;
  const order = '{"order":1}';
  if (!values.once) {
    console.log('\nPost a webhook from another terminal (Ctrl-C ends):\n');
    console.log(`  curl -i -H 'content-type: application/json' -d '${order}' ${url}\n`);
    return;
  }
  const headers = { 'content-type': 'application/json' };
  fetch(url, { method: 'POST', headers, body: order, signal: AbortSignal.timeout(10_000) }).then(
    ({ status }) => console.log(`  webhook answered ${status}`),
    (error: Error) => {
      console.error(`  the webhook was not answered: ${error.message}`);
      process.exitCode = 1;
      stop.abort();
    },
  );
}

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Integration, loadIntegration, runIntegration } from '@vrsky/host';
import { PluginError } from '@vrsky/runtime';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { startBroker } from './broker.ts';
import { startEndpoint } from './endpoint.ts';

const TOPIC = 'devices/pump-7/orders';

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());

const endpoint = await startEndpoint((id, bytes) =>
  console.log(`  endpoint got ${id} (${bytes} bytes)`),
);
const broker = await startBroker((topic, bytes) =>
  console.log(`  broker got a message on ${topic} (${bytes} bytes)`),
);
try {
  const integration = await adapted();
  console.log(`Integration "${integration.name}": starting two connectors ...`);
  await runIntegration(integration, {
    log: pino({ level: 'error' }, pino.destination(2)),
    signal: stop.signal,
    onConnected: ({ direction, pid }) => {
      console.log(`  ${direction} is up: ${integration[direction].type}, process ${pid}`);
      if (direction === 'incoming') invite();
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
  endpoint.close();
  broker.close();
}

/** The integration of the file, with the addresses of broker and endpoint. */
async function adapted(): Promise<Integration> {
  const file = fileURLToPath(new URL('integration.yaml', import.meta.url));
  const { incoming, outgoing, ...rest } = await loadIntegration(file);
  return {
    ...rest,
    incoming: { ...incoming, settings: { ...incoming.settings, brokers: [broker.url] } },
    outgoing: { ...outgoing, settings: { ...outgoing.settings, url: endpoint.url } },
  };
}

/** Shows how to publish a message, or publishes one. */
function invite(): void {
  if (!values.once) {
    const { port } = new URL(broker.url);
    console.log('\nPublish from another terminal (Ctrl-C ends):\n');
    console.log(`  npx mqtt publish -h 127.0.0.1 -p ${port} -q 1 -t ${TOPIC} -m '{"order":1}'\n`);
    return;
  }
  publish().catch((error: Error) => {
    console.error(`  nothing was published: ${error.message}`);
    process.exitCode = 1;
    stop.abort();
  });
}

async function publish(): Promise<void> {
  const client = await connectAsync(broker.url);
  await client.publishAsync(TOPIC, '{"order":1}', { qos: 1 });
  await client.endAsync();
}

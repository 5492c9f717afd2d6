import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Integration, loadIntegration, runIntegration } from '@vrsky/host';
import { PluginError } from '@vrsky/runtime';
import { pino } from 'pino';
import { startEndpoint } from './endpoint.ts';
import { startSftpServer } from './sftp-server.ts';

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());

const folder = mkdtempSync(join(tmpdir(), 'drop-'));
const orders = join(folder, 'orders');
mkdirSync(orders);
const user = { username: 'vrsky', password: 'of this example only' };
const server = await startSftpServer(folder, user);
const endpoint = await startEndpoint((id, bytes) =>
  console.log(`  endpoint got ${id} (${bytes} bytes)`),
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
  server.close();
  rmSync(folder, { recursive: true });
}

/** The integration of the file, with the addresses of server and endpoint, and the server's key. */
async function adapted(): Promise<Integration> {
  env['VRSKY_SECRET_DROP_PASSWORD'] = user.password;
  const file = fileURLToPath(new URL('integration.yaml', import.meta.url));
  const { incoming, outgoing, ...rest } = await loadIntegration(file);
  const { port, hostKeySha256 } = server;
  const drop = { ...incoming.settings, port, hostKeySha256: [hostKeySha256] };
  return {
    ...rest,
    incoming: { ...incoming, settings: drop },
    outgoing: { ...outgoing, settings: { ...outgoing.settings, url: endpoint.url } },
  };
}

/** Shows how to drop a file, or drops one. */
function invite(): void {
  if (values.once) {
    writeFileSync(join(orders, 'order.part'), '{"order":1}');
    renameSync(join(orders, 'order.part'), join(orders, 'order.json'));
    console.log('  dropped order.json');
    return;
  }
  console.log('\nDrop a file from another terminal (Ctrl-C ends):\n');
  console.log(`  echo '{"order":1}' > ${orders}/order.json\n`);
}

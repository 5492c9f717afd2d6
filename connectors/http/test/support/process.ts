import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type ConnectionConfig, PluginError } from '@vrsky/runtime';
import { type ConnectorProcess, launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { common } from './config.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The connector as a process of its own, as a host starts it; it is ended with the test. */
export async function launchHttp(): Promise<ConnectorProcess> {
  const connector = await launchConnector({
    command: process.execPath,
    args: ['--conditions=vrsky:source', '--disable-warning=ExperimentalWarning', main],
    log: pino({ level: 'silent' }),
    hostFunctions: {
      getSecret: async (name) => {
        throw new PluginError('NOT_FOUND', `no secret "${name}"`);
      },
      log: () => {},
      recordMetric: () => {},
      getConfiguration: () => configOf('http-webhook', {}),
    },
  });
  onTestFinished(() => connector.kill());
  return connector;
}

/** As a host has it: nothing is checked yet, and no default filled in. */
export function configOf(
  type: string,
  settings: ConnectionConfig['settings'],
  credentials: ConnectionConfig['credentials'] = {},
): ConnectionConfig {
  return { ...common, type, settings, credentials };
}

/** A port that nobody has now, for one that must be the same after a restart. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

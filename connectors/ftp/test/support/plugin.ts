import { fileURLToPath } from 'node:url';
import type { ConnectionConfig, JsonObject } from '@vrsky/runtime';
import { type ConnectorProcess, type LaunchOptions, launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Outside } from './connections.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const zero = Temporal.Duration.from({ seconds: 0 });

/** The connector as a process of its own, connected, and driven by the host client. */
export async function launchPlugin(
  outside: Pick<Outside, 'settings' | 'connection'>,
  settings: JsonObject,
  more: Pick<LaunchOptions, 'maxMessageBytes' | 'env'> & {
    readonly flags?: readonly string[];
  } = {},
): Promise<ConnectorProcess> {
  const { flags = [], ...options } = more;
  const { type, credentials } = outside.connection;
  const config: ConnectionConfig = {
    ...{ id: 'connection-1', name: 'files', type, credentials },
    settings: { host: '127.0.0.1', directory: '/drop', ...outside.settings, ...settings },
    timeout: zero,
    retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
  };
  const connector = await launchConnector({
    command: process.execPath,
    args: [...flags, '--conditions=vrsky:source', '--disable-warning=ExperimentalWarning', main],
    log: pino({ level: 'silent' }),
    hostFunctions: {
      getSecret: async () => '',
      log: () => {},
      recordMetric: () => {},
      getConfiguration: () => config,
    },
    ...options,
  });
  onTestFinished(() => connector.kill());
  await connector.node.connect(config);
  return connector;
}

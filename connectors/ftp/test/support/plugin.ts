import { fileURLToPath } from 'node:url';
import { type ConnectionConfig, type JsonObject, PluginError } from '@vrsky/runtime';
import { type ConnectorProcess, type LaunchOptions, launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Outside } from './connections.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const zero = Temporal.Duration.from({ seconds: 0 });

type More = Pick<LaunchOptions, 'maxMessageBytes' | 'env' | 'identity'> & {
  readonly flags?: readonly string[];
  /** Default: this Node. */
  readonly command?: readonly string[];
};

/** The connector as a process of its own, from its source, before Connect. */
export function start(more: More = {}): Promise<ConnectorProcess> {
  const { flags = [], command = [process.execPath], ...options } = more;
  const [program = '', ...args] = command;
  return launchConnector({
    command: program,
    args: [
      ...args,
      ...flags,
      '--conditions=vrsky:source',
      '--disable-warning=ExperimentalWarning',
      main,
    ],
    log: pino({ level: 'silent' }),
    hostFunctions: {
      getSecret: async () => '',
      log: () => {},
      recordMetric: () => {},
      getConfiguration: () => {
        throw new PluginError('UNSUPPORTED', 'it is of no use here');
      },
    },
    ...options,
  });
}

/** The same, connected, and driven by the host client; it is killed when the test ends. */
export async function launchPlugin(
  outside: Pick<Outside, 'settings' | 'connection'>,
  settings: JsonObject,
  more: More = {},
): Promise<ConnectorProcess> {
  const { type, credentials } = outside.connection;
  const config: ConnectionConfig = {
    ...{ id: 'connection-1', name: 'files', type, credentials },
    settings: { host: '127.0.0.1', directory: '/drop', ...outside.settings, ...settings },
    timeout: zero,
    retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
  };
  const connector = await start(more);
  onTestFinished(() => connector.kill());
  await connector.node.connect(config);
  return connector;
}

import { fileURLToPath } from 'node:url';
import { type ConnectionConfig, PluginError } from '@vrsky/runtime';
import { type ConnectorProcess, type LaunchOptions, launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** The connector as a process of its own, from its source, before Connect. */
export function start(
  command: readonly string[] = [process.execPath],
  options: Pick<LaunchOptions, 'identity'> = {},
): Promise<ConnectorProcess> {
  const [program = '', ...args] = command;
  return launchConnector({
    command: program,
    args: [...args, '--conditions=vrsky:source', '--disable-warning=ExperimentalWarning', main],
    log: pino({ level: 'silent' }),
    hostFunctions: {
      getSecret: async (name) => {
        throw new PluginError('NOT_FOUND', `no secret "${name}"`);
      },
      log: () => {},
      recordMetric: () => {},
      getConfiguration: () => {
        throw new PluginError('UNSUPPORTED', 'it is of no use here');
      },
    },
    ...options,
  });
}

/** The same, connected; it is killed when the test ends. */
export async function launch(
  config: ConnectionConfig<object>,
  options: Pick<LaunchOptions, 'identity'> = {},
): Promise<ConnectorProcess> {
  const connector = await start(undefined, options);
  onTestFinished(() => connector.kill());
  await connector.node.connect(config as ConnectionConfig);
  return connector;
}

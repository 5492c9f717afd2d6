import { hclogLogger } from '../../packages/go-plugin/src/logs/logger.ts';
import { type ConnectorProcess, launchConnector } from '../../packages/runtime/src/host/index.ts';
import {
  type ConnectionConfig,
  type JsonObject,
  PluginError,
} from '../../packages/runtime/src/index.ts';

/** What a host needs of a connector that runs. */
export type RunningConnector = Pick<ConnectorProcess, 'node' | 'pid' | 'kill'>;

export interface ConnectorOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly type: string;
  readonly settings: JsonObject;
}

const zero = Temporal.Duration.from({ seconds: 0 });

export function configOf({ type, settings }: ConnectorOptions): ConnectionConfig {
  return {
    id: 'faults',
    name: 'faults',
    type,
    settings,
    credentials: {},
    timeout: zero,
    retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
  };
}

/** Starts a connector and connects it; its log goes to our stderr. */
export async function startConnector(options: ConnectorOptions): Promise<RunningConnector> {
  const { command, args, env } = options;
  const config = configOf(options);
  const connector = await launchConnector({
    command,
    args,
    ...(env && { env }),
    log: hclogLogger({ name: 'host' }),
    hostFunctions: {
      getSecret: async (name) => {
        throw new PluginError('NOT_FOUND', `no secret "${name}"`);
      },
      log: () => {},
      recordMetric: () => {},
      getConfiguration: () => config,
    },
  });
  try {
    await connector.node.connect(config);
  } catch (error) {
    await connector.kill();
    throw error;
  }
  return connector;
}

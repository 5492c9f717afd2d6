import { type ConnectionConfig, PluginError } from '@vrsky/runtime';
import { type ConnectorProcess, type HostFunctions, launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';

const zero = Temporal.Duration.from({ seconds: 0 });

export function configOf(
  type: string,
  settings: ConnectionConfig['settings'],
  more: Partial<ConnectionConfig> = {},
): ConnectionConfig {
  return {
    id: 'interop',
    name: 'Interop',
    type,
    settings,
    credentials: {},
    timeout: zero,
    retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
    ...more,
  };
}

/** Starts a connector with a host that keeps everything in memory and tells what it was asked. */
export async function launchWithHost(
  command: string,
  autoMtls: boolean,
  config: ConnectionConfig,
  args: readonly string[] = [],
): Promise<ConnectorProcess & { readonly asked: string[] }> {
  const asked: string[] = [];
  const state = new Map<string, { value: Uint8Array; revision: bigint }>();
  const absent = { value: new Uint8Array(), revision: 0n };
  const hostFunctions: HostFunctions = {
    getSecret: async (name) => {
      asked.push(`getSecret ${name}`);
      if (name === 'listed') return 's3cret-value';
      throw new PluginError('NOT_FOUND', `no secret "${name}" for this connection`);
    },
    log: (level, message) => void asked.push(`log ${level} ${message}`),
    recordMetric: (name, value) => void asked.push(`recordMetric ${name} ${value}`),
    getConfiguration: () => config,
    state: {
      get: async (key) => state.get(key) ?? absent,
      put: async (key, value, revision) => {
        if ((state.get(key) ?? absent).revision !== revision) {
          throw new PluginError('STATE_CONFLICT', 'the value has changed: read it again');
        }
        state.set(key, { value: Uint8Array.from(value), revision: revision + 1n });
        return revision + 1n;
      },
    },
  };
  const log = pino({ level: 'silent' });
  const connector = await launchConnector({ command, args, autoMtls, log, hostFunctions });
  onTestFinished(() => connector.kill());
  return { ...connector, asked };
}

import { type ConnectionConfig, PluginError } from '@vrsky/runtime';
import type { HostFunctions, StateStore } from '@vrsky/runtime/host';
import type { Logger } from 'pino';
import type { ResolvedConnection } from '../config/secrets.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** What one connection's connector may ask of this host. */
export function createHostFunctions(
  { secrets, redact }: ResolvedConnection,
  getConfiguration: () => ConnectionConfig,
  log: Logger,
  state?: StateStore,
): HostFunctions {
  return {
    async getSecret(name) {
      const value = secrets.get(name);
      if (value !== undefined) return value;
      // The same words for a secret that does not exist and one of another connection.
      throw new PluginError('NOT_FOUND', 'there is no such secret for this connection');
    },
    log(level, message) {
      log[LEVELS.find((known) => known === level) ?? 'info'](redact(message));
    },
    recordMetric(name, value, tags) {
      log.debug({ metric: name, value, tags }, 'metric');
    },
    getConfiguration,
    ...(state && { state }),
  };
}

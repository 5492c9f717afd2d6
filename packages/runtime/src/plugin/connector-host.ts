import type { Client } from '@connectrpc/connect';
import type { Logger } from 'pino';
import { PluginError } from '../contract/plugin-error.ts';
import type { Secrets } from '../contract/secrets.ts';
import type { HostFunctions } from '../gen/vrsky/connector/v1/host_functions_pb.ts';
import { configFromWire } from '../wire/config.ts';
import { errorFromStatus } from '../wire/error.ts';
import type { ConnectorHost } from './connector.ts';
import type { AttachedHost } from './host-link.ts';

/** How long a host may take for one answer. */
const ANSWER_MS = 10_000;
/** Samples on their way to the host; a host that takes none costs no memory. */
const MAX_METRICS_UNDER_WAY = 1024;

/** The host's functions as a connector sees them, with what happens when there is no host. */
export function createConnectorHost(
  link: AttachedHost,
  log: Logger,
  secrets: Secrets,
): ConnectorHost {
  let metricsUnderWay = 0;

  async function ask<T>(
    call: string,
    signal: AbortSignal,
    rpc: (
      functions: Client<typeof HostFunctions>,
      options: { signal: AbortSignal; timeoutMs: number },
    ) => Promise<T>,
  ): Promise<T> {
    if (!link.functions) {
      throw new PluginError('UNSUPPORTED', `${call} needs a host, and none is attached`);
    }
    try {
      return await rpc(link.functions, { signal, timeoutMs: ANSWER_MS });
    } catch (error) {
      throw errorFromStatus(error);
    }
  }

  return {
    log,
    hideSecret: (value) => secrets.addDerived(value),
    async getSecret(name, signal) {
      if (!link.functions) {
        throw new PluginError('NOT_FOUND', `there is no host to ask for the secret "${name}"`);
      }
      const { value } = await ask('GetSecret', signal, (host, options) =>
        host.getSecret({ name }, options),
      );
      secrets.add(value);
      return value;
    },
    async sendLog(level, message, signal) {
      await ask('Log', signal, (host, options) =>
        host.log({ level, message: secrets.redact(message) }, options),
      );
    },
    recordMetric(givenName, value, givenTags = {}) {
      const name = secrets.redact(givenName);
      const tags = secrets.redactEach(givenTags);
      if (!link.functions || metricsUnderWay >= MAX_METRICS_UNDER_WAY) {
        log.debug({ metric: name, value, tags }, 'metric');
        return;
      }
      metricsUnderWay += 1;
      link.functions
        .recordMetric({ name, value, tags }, { timeoutMs: ANSWER_MS })
        .catch((error: unknown) => log.debug({ err: error }, 'the host did not take a metric'))
        .finally(() => {
          metricsUnderWay -= 1;
        });
    },
    async getConfiguration(signal) {
      const { config } = await ask('GetConfiguration', signal, (host, options) =>
        host.getConfiguration({}, options),
      );
      const known = configFromWire(config);
      secrets.addCredentials(known.credentials);
      return known;
    },
    async getState(key, signal) {
      const { value, revision } = await ask('GetState', signal, (host, options) =>
        host.getState({ key }, options),
      );
      return { value, revision };
    },
    async putState(key, value, revision, signal) {
      const bytes = value as Uint8Array<ArrayBuffer>;
      const answer = await ask('PutState', signal, (host, options) =>
        host.putState({ key, value: bytes, revision }, options),
      );
      return answer.revision;
    },
  };
}

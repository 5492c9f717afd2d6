import { type ConnectionConfig, closest, PluginError, timeoutMs } from '@vrsky/runtime';
import type { CallOptions, ConnectorProcess, LaunchOptions, StateStore } from '@vrsky/runtime/host';
import type { Logger } from 'pino';
import { type Connection, type Integration, LOG_LEVELS } from '../config/integration.ts';
import type { ResolvedConnection } from '../config/secrets.ts';
import { failureOf, placed } from './failure.ts';
import { createHostFunctions } from './host-functions.ts';
import { knowsCredentials } from './schema.ts';

/** A connector reports by itself what took longer than `timeout`: its own words come first. */
const REPORT_MS = 1000;

/** Starts one connector process: `launchConnector` of the runtime. */
export type Launch = (options: LaunchOptions) => Promise<ConnectorProcess>;

export interface ConnectorOptions {
  readonly integration: Integration;
  readonly connection: Connection;
  readonly resolved: ResolvedConnection;
  /** How much its process may hold, in bytes. */
  readonly memoryBytes?: number | undefined;
  readonly state?: StateStore;
  readonly launch: Launch;
  readonly log: Logger;
}

export interface Launched {
  readonly connector: ConnectorProcess;
  /** What it is given: the connection's configuration, and a proxy's account if it has a use for one. */
  readonly config: ConnectionConfig;
}

/**
 * Launches a connection's connector, which has the connection's type. On failure nothing is left running.
 * @throws PluginError with the place in the integration's file, without secrets
 */
export async function launchFor(options: ConnectorOptions, signal: AbortSignal): Promise<Launched> {
  const { config, proxy } = options.resolved;
  const launched = { config };
  const connector = await launch(options, () => launched.config, signal);
  try {
    checkType(options.connection, connector);
    if (knowsCredentials(connector.metadata, config.type, Object.keys(proxy.credentials))) {
      const credentials = { ...proxy.credentials, ...config.credentials };
      launched.config = { ...config, credentials };
    }
    return { connector, config: launched.config };
  } catch (thrown) {
    await connector.kill();
    throw connectionFailure(options, thrown);
  }
}

/** The limits of a call that reaches outside. */
export function limits({ resolved }: ConnectorOptions, signal: AbortSignal): Required<CallOptions> {
  return { signal, timeoutMs: timeoutMs(resolved.config) + REPORT_MS };
}

/** What a connector's call threw, with the place in the file of what it is about. */
export function connectionFailure(options: ConnectorOptions, thrown: unknown): PluginError {
  const { integration, connection, resolved } = options;
  const failure = failureOf(thrown, resolved.redact);
  return placed(failure, integration, connection.direction, failure.field);
}

async function launch(
  options: ConnectorOptions,
  configuration: () => ConnectionConfig,
  signal: AbortSignal,
): Promise<ConnectorProcess> {
  const { integration, connection, resolved, memoryBytes, log } = options;
  try {
    return await options.launch({
      command: connection.command,
      args: connection.args,
      ...(connection.sha256 && { sha256: connection.sha256 }),
      env: {
        ...resolved.proxy.env,
        VRSKY_LOG_LEVEL: connectorLevel(log),
        ...(memoryBytes !== undefined && { VRSKY_MEMORY_LIMIT: String(memoryBytes) }),
      },
      streamsOnly: true, // connectors that know what this means have streams
      ...(integration.identity && { identity: integration.identity }),
      log,
      hostFunctions: createHostFunctions(resolved, configuration, log, options.state),
      signal,
    });
  } catch (thrown) {
    signal.throwIfAborted();
    const failure = failureOf(thrown, resolved.redact);
    const { command, direction } = connection;
    const missing = `there is no file ${command}; a path is relative to the folder of the integration's file`;
    const isMissing = failure.reason === 'EXECUTABLE_NOT_FOUND';
    throw placed(isMissing ? failure.withText(missing) : failure, integration, direction, 'plugin');
  }
}

/** A host's logger may have levels that connectors do not know. */
function connectorLevel({ level }: Logger): string {
  if (LOG_LEVELS.some((known) => known === level)) return level;
  return level === 'silent' ? 'off' : 'error';
}

function checkType({ type }: Connection, { metadata }: ConnectorProcess): void {
  const { name, supportedTypes } = metadata;
  if (supportedTypes.includes(type)) return;
  const guess = closest(type, supportedTypes);
  const hint = guess ? `did you mean "${guess}"?` : `it has ${supportedTypes.join(', ')}`;
  throw new PluginError('INVALID_CONFIG', `connector "${name}" has no such type; ${hint}`, {
    field: 'type',
  });
}

import { closest, PluginError, timeoutMs } from '@vrsky/runtime';
import type { CallOptions, ConnectorProcess, LaunchOptions, StateStore } from '@vrsky/runtime/host';
import type { Logger } from 'pino';
import type { Connection, Integration } from '../config/integration.ts';
import type { ResolvedConnection } from '../config/secrets.ts';
import { failureOf, placed } from './failure.ts';
import { createHostFunctions } from './host-functions.ts';

/** A connector reports by itself what took longer than `timeout`: its own words come first. */
const REPORT_MS = 1000;

/** Starts one connector process: `launchConnector` of the runtime. */
export type Launch = (options: LaunchOptions) => Promise<ConnectorProcess>;

export interface ConnectorOptions {
  readonly integration: Integration;
  readonly connection: Connection;
  readonly resolved: ResolvedConnection;
  readonly state?: StateStore;
  readonly launch: Launch;
  readonly log: Logger;
}

/**
 * Launches a connection's connector, which has the connection's type. On failure nothing is left running.
 * @throws PluginError with the place in the integration's file, without secrets
 */
export async function launchFor(
  options: ConnectorOptions,
  signal: AbortSignal,
): Promise<ConnectorProcess> {
  const connector = await launch(options, signal);
  try {
    checkType(options.connection, connector);
    return connector;
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

async function launch(options: ConnectorOptions, signal: AbortSignal): Promise<ConnectorProcess> {
  const { integration, connection, resolved, log } = options;
  try {
    return await options.launch({
      command: connection.command,
      args: connection.args,
      ...(connection.sha256 && { sha256: connection.sha256 }),
      ...(connection.memoryLimit && { env: { VRSKY_MEMORY_LIMIT: connection.memoryLimit } }),
      ...(integration.identity && { identity: integration.identity }),
      log,
      hostFunctions: createHostFunctions(resolved, log, options.state),
      signal,
    });
  } catch (thrown) {
    signal.throwIfAborted();
    const failure = failureOf(thrown, resolved.redact);
    throw placed(failure, integration, connection.direction, 'plugin');
  }
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

import { type PluginError, Secrets } from '@vrsky/runtime';
import { launchConnector } from '@vrsky/runtime/host';
import type { Logger } from 'pino';
import type { Connection, Direction, Integration } from './config/integration.ts';
import { memoryParts, totalMemory } from './config/memory.ts';
import { type Environment, resolveSecrets } from './config/secrets.ts';
import { endpointOf } from './endpoint.ts';
import { connectionLog, redactingLog } from './redacting-log.ts';
import { checkFolder } from './store/folder.ts';
import { isInUse, readDetails } from './store/in-use.ts';
import {
  type ConnectorOptions,
  connectionFailure,
  type Launch,
  type Launched,
  launchFor,
  limits,
} from './supervise/connector.ts';
import { failureOf } from './supervise/failure.ts';
import { hasProbe } from './supervise/schema.ts';

export interface ValidateOptions {
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly launch?: Launch;
  readonly env?: Environment;
}

/** What was found of one part of an integration. */
export interface Finding {
  readonly part: 'store' | Direction;
  /** What was reached, or why it was not tried. */
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
  /** What is wrong, with the place in the file. */
  readonly error?: PluginError;
}

/**
 * Checks where the store would be, starts both connectors, has each check its configuration and what it
 * can reach, and ends them: nothing is left. A host may be running on the same store.
 */
export async function validateIntegration(
  integration: Integration,
  options: ValidateOptions,
): Promise<Finding[]> {
  const hidden = new Secrets();
  const log = redactingLog(options.log, hidden);
  const store = checkStore(integration);
  const findings = await Promise.all(
    (['incoming', 'outgoing'] as const).map((direction) =>
      checkConnection(integration, direction, { ...options, log }, hidden),
    ),
  );
  return [store, ...findings];
}

function checkStore(integration: Integration): Finding {
  try {
    checkFolder(integration);
    const notes = isInUse(integration.store.path) ? ['a host is running on it'] : [];
    return { part: 'store', notes, warnings: [] };
  } catch (thrown) {
    return { part: 'store', notes: [], warnings: [], error: failureOf(thrown, (text) => text) };
  }
}

async function checkConnection(
  integration: Integration,
  direction: Direction,
  { log, signal, launch = launchConnector, env = process.env }: ValidateOptions,
  hidden: Secrets,
): Promise<Finding> {
  const connection = integration[direction];
  try {
    const resolved = resolveSecrets(integration, connection, env, hidden);
    const memoryBytes = memoryParts(integration, totalMemory(env))[direction];
    const connectorLog = connectionLog(log, connection);
    const options = { integration, connection, resolved, memoryBytes, launch, log: connectorLog };
    const launched = await launchFor(options, signal);
    try {
      return await ask(options, launched, signal);
    } finally {
      await launched.connector.kill();
    }
  } catch (thrown) {
    signal.throwIfAborted();
    const error = failureOf(thrown, (text) => hidden.redact(text));
    return { part: direction, notes: [], warnings: [], error };
  }
}

async function ask(
  options: ConnectorOptions,
  { connector, config }: Launched,
  signal: AbortSignal,
): Promise<Finding> {
  const { connection, integration, resolved } = options;
  const part = connection.direction;
  try {
    const warnings = await connector.node.validate(config, limits(options, signal));
    const notes = hasProbe(connector.metadata, connection.type) ? [probeNote(connection)] : [];
    return { part, notes, warnings: warnings.map(resolved.redact) };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = connectionFailure(options, thrown);
    if (error.reason === 'PORT_IN_USE' && holdsPort(integration, connection)) {
      const note = `port ${connection.settings['port']} is held by the running host of this integration`;
      return { part, notes: [note], warnings: [] };
    }
    return { part, notes: [], warnings: [], error };
  }
}

function probeNote({ settings }: Connection): string {
  const endpoint = endpointOf(settings) ?? 'the endpoint';
  return settings['probe'] === false
    ? `not tried: ${endpoint} (probe: false)`
    : `reached ${endpoint}`;
}

/** Whether the host that runs on the same store listens on the port that the file names. */
function holdsPort({ store }: Integration, { id, settings }: Connection): boolean {
  return isInUse(store.path) && readDetails(store.path, id)['port'] === String(settings['port']);
}

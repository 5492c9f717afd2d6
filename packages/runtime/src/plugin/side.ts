import type { TSchema } from 'typebox';
import { closest } from '../contract/closest.ts';
import type { ConnectionConfig, JsonObject } from '../contract/connection-config.ts';
import { PluginError } from '../contract/plugin-error.ts';
import { checkSettings } from '../contract/settings.ts';
import type { Connector, ConnectorHost } from './connector.ts';
import { checkCredentials } from './credentials.ts';
import type { Destination } from './destination.ts';
import { directionOf } from './direction.ts';
import type { Source } from './source.ts';

/** A connection's one direction, made but not started. */
export type Side = {
  /** With the defaults of its settings filled in. */
  readonly config: ConnectionConfig;
} & (
  | { readonly direction: 'incoming'; readonly source: Source }
  | { readonly direction: 'outgoing'; readonly destination: Destination }
);

/** What both directions have in common. */
export function subjectOf(side: Side): Source | Destination {
  return side.direction === 'incoming' ? side.source : side.destination;
}

/** Checks the whole configuration and makes the side that its type asks for. */
export function openSide(connector: Connector, given: ConnectionConfig, host: ConnectorHost): Side {
  checkCommon(given);
  const { incoming, outgoing } = connector;
  const direction = directionOf(connector, given.type, given.settings);
  if (incoming && direction === 'incoming') {
    const config = withSettings(given, incoming.settings);
    checkCredentials(config, incoming.credentials);
    return { direction: 'incoming', config, source: incoming.source(config, host) };
  }
  if (outgoing && direction === 'outgoing') {
    const config = withSettings(given, outgoing.settings);
    checkCredentials(config, outgoing.credentials);
    return { direction: 'outgoing', config, destination: outgoing.destination(config, host) };
  }
  throw unknownType(given.type, supportedTypes(connector));
}

function withSettings(config: ConnectionConfig, schema: TSchema): ConnectionConfig {
  const settings = checkSettings(schema, config.settings, 'settings') as JsonObject;
  return { ...config, settings };
}

export function supportedTypes({ incoming, outgoing }: Connector): string[] {
  return [...new Set([...(incoming?.types ?? []), ...(outgoing?.types ?? [])])];
}

function unknownType(type: string, types: readonly string[]): PluginError {
  const guess = closest(type, types);
  const hint = guess ? `; did you mean "${guess}"?` : '';
  const text = `type: expected one of ${types.map((one) => `"${one}"`).join(', ')}${hint}`;
  return new PluginError('INVALID_CONFIG', text, { field: 'type' });
}

function checkCommon({ timeout, retryPolicy }: ConnectionConfig): void {
  const demand = (holds: boolean, field: string, expected: string): void => {
    if (holds) return;
    throw new PluginError('INVALID_CONFIG', `${field}: expected ${expected}`, { field });
  };
  const multiplier = retryPolicy.backoffMultiplier;
  demand(timeout.sign >= 0, 'timeout', 'a duration of zero (the default) or more');
  demand(retryPolicy.maxRetries >= 0, 'retryPolicy.maxRetries', 'a number of 0 or more');
  demand(
    multiplier === 0 || (multiplier >= 1 && Number.isFinite(multiplier)),
    'retryPolicy.backoffMultiplier',
    'zero (the default) or a number of at least 1',
  );
  for (const field of ['initialBackoff', 'maxBackoff'] as const) {
    demand(retryPolicy[field].sign >= 0, `retryPolicy.${field}`, 'a duration of zero or more');
  }
}

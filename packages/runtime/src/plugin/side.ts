import { closest } from '../contract/closest.ts';
import type { ConnectionConfig } from '../contract/connection-config.ts';
import { PluginError } from '../contract/plugin-error.ts';
import { checkSettings } from '../contract/settings.ts';
import type { Connector, ConnectorHost } from './connector.ts';
import type { Destination } from './destination.ts';
import type { Source } from './source.ts';

/** A connection's one direction, made but not started. */
export type Side =
  | { readonly direction: 'incoming'; readonly source: Source }
  | { readonly direction: 'outgoing'; readonly destination: Destination };

/** Checks the whole configuration and makes the side that its type asks for. */
export function openSide(
  connector: Connector,
  config: ConnectionConfig,
  host: ConnectorHost,
): Side {
  checkCommon(config);
  const { incoming, outgoing } = connector;
  if (incoming?.types.includes(config.type)) {
    const settings = checkSettings(incoming.settings, config.settings, 'settings');
    return { direction: 'incoming', source: incoming.source({ ...config, settings }, host) };
  }
  if (outgoing?.types.includes(config.type)) {
    const settings = checkSettings(outgoing.settings, config.settings, 'settings');
    return {
      direction: 'outgoing',
      destination: outgoing.destination({ ...config, settings }, host),
    };
  }
  throw unknownType(config.type, supportedTypes(connector));
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

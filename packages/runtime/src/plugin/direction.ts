import type { TSchema } from 'typebox';
import type { JsonObject } from '../contract/connection-config.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { Connector } from './connector.ts';

export type Direction = 'incoming' | 'outgoing';

interface ObjectSchema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, { readonly default?: unknown }>>;
}

/**
 * The direction of a connection; undefined = the connector does not know the type. A type that both
 * sides serve has the direction that its setting `direction` names, if both sides have that setting,
 * and otherwise the one whose own settings are given.
 * @throws PluginError INVALID_CONFIG: the settings of such a type are of both directions, or of none
 */
export function directionOf(
  { incoming, outgoing }: Connector,
  type: string,
  settings: JsonObject,
): Direction | undefined {
  const comesIn = incoming?.types.includes(type);
  const goesOut = outgoing?.types.includes(type);
  if (!(comesIn && goesOut)) return comesIn ? 'incoming' : goesOut ? 'outgoing' : undefined;
  if (hasDirection(incoming?.settings) && hasDirection(outgoing?.settings)) {
    return chosenDirection(type, settings);
  }
  const receiving = ownSettings(incoming?.settings, outgoing?.settings, settings);
  const sending = ownSettings(outgoing?.settings, incoming?.settings, settings);
  const given = receiving.given.length > 0;
  if (given !== sending.given.length > 0) return given ? 'incoming' : 'outgoing';
  if (!given && receiving.needed.length === 0) return 'incoming';
  if (!given && sending.needed.length === 0) return 'outgoing';
  const clash = given ? `, and not both ${receiving.given[0]} and ${sending.given[0]}` : '';
  const text = `settings: type "${type}" expected ${listOf(receiving)} to receive, or ${listOf(sending)} to send${clash}`;
  throw new PluginError('INVALID_CONFIG', text, { field: 'settings' });
}

function hasDirection(side: TSchema | undefined): boolean {
  return (side as ObjectSchema).properties?.['direction'] !== undefined;
}

function chosenDirection(type: string, { direction }: JsonObject): Direction {
  if (direction === 'incoming' || direction === 'outgoing') return direction;
  const field = 'settings.direction';
  const text = `${field}: expected "incoming" or "outgoing", because ${type} serves both`;
  throw new PluginError('INVALID_CONFIG', text, { field });
}

interface OwnSettings {
  /** Those of this side alone that the configuration has. */
  readonly given: readonly string[];
  /** Those of this side alone that it cannot do without. */
  readonly needed: readonly string[];
}

function ownSettings(
  side: TSchema | undefined,
  other: TSchema | undefined,
  settings: JsonObject,
): OwnSettings {
  const { properties = {}, required = [] } = side as ObjectSchema;
  const foreign = (other as ObjectSchema).properties ?? {};
  const own = Object.keys(properties).filter((name) => !(name in foreign));
  return {
    given: own.filter((name) => name in settings),
    needed: own.filter(
      (name) => required.includes(name) && properties[name]?.default === undefined,
    ),
  };
}

function listOf({ needed }: OwnSettings): string {
  return needed.length > 0 ? needed.join(', ') : 'its settings';
}

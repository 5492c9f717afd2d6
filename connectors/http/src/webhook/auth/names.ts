import type { Credentials } from '../../credentials.ts';
import { AuthSettings, NAMING, type SchemeSettings } from './settings.ts';

type Scheme = Extract<keyof SchemeSettings, string>;

interface Naming {
  /** The credential that a setting names. */
  readonly name: string;
  /** Whether the setting was left alone. */
  readonly byDefault: boolean;
}

/** The names of all credentials that the settings ask for, and of those that these replace. */
export function namesOf({ anyOf = [], ...schemes }: AuthSettings): string[] {
  return [schemes, ...anyOf]
    .flatMap((all) => namings(all))
    .flatMap(({ name }) => [name, `${name}_previous`]);
}

/**
 * A scheme may do without one of several credentials, but not without one that the settings name themselves.
 * @throws PluginError INVALID_CONFIG
 */
export async function checkNamed(schemes: SchemeSettings, credentials: Credentials): Promise<void> {
  for (const { name, byDefault } of namings(schemes)) {
    if (!byDefault) await credentials.need(name);
  }
}

function namings(schemes: SchemeSettings): Naming[] {
  return (Object.keys(NAMING) as Scheme[]).flatMap((scheme) => {
    const settings = schemes[scheme] as Readonly<Record<string, string>> | undefined;
    const fields = AuthSettings.properties[scheme].properties as Readonly<
      Record<string, { readonly default?: unknown }>
    >;
    if (!settings) return [];
    return (NAMING[scheme] as readonly string[]).map((field) => {
      const name = settings[field] ?? '';
      return { name, byDefault: name === fields[field]?.default };
    });
  });
}

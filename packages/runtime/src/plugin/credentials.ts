import { closest } from '../contract/closest.ts';
import type { ConnectionConfig } from '../contract/connection-config.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { CredentialNames } from './connector.ts';

/** A value that was meant to be replaced, such as `${SECRET:erp}` or `${ERP_KEY}`. */
const PLACEHOLDER = /^\$\{[^}]*\}$/;

/**
 * Refuses credentials that the type does not know, and those whose value is still a placeholder.
 * @throws PluginError INVALID_CONFIG
 */
export function checkCredentials<S>(
  { type, settings, credentials }: ConnectionConfig<S>,
  names: CredentialNames<S> | undefined,
): void {
  const known = names && [...Object.keys(names.known), ...(names.chosen?.(settings) ?? [])];
  for (const [name, value] of Object.entries(credentials)) {
    const field = `credentials.${name}`;
    if (known && !known.includes(name)) throw invalid(field, unknownName(name, type, known));
    if (PLACEHOLDER.test(value.trim())) {
      const text =
        'the value is a placeholder; the host must replace it with the secret (vrsky-host: ${SECRET:name})';
      throw invalid(field, text);
    }
  }
}

function unknownName(name: string, type: string, known: readonly string[]): string {
  const guess = closest(name, known);
  if (guess) return `is not known to ${type}; did you mean "${guess}"?`;
  return `is not known to ${type}; known are ${known.toSorted().join(', ')}`;
}

function invalid(field: string, text: string): PluginError {
  return new PluginError('INVALID_CONFIG', `${field}: ${text}`, { field });
}

import { PluginError } from '@vrsky/runtime';
import type { SettingsOf } from './settings.ts';
import type { SignatureScheme } from './signature.ts';

/**
 * The scheme that the settings describe.
 * @param field where they stand
 * @throws PluginError INVALID_CONFIG for a template with a part that comes from nowhere
 */
export function customScheme(settings: SettingsOf<'hmac'>, field: string): SignatureScheme {
  const { header, timestampHeader, idHeader, template } = settings;
  const demand = (part: string, given: string | undefined, name: string): void => {
    if (template.includes(part) === (given !== undefined)) return;
    const path = `${field}.${given === undefined ? name : 'template'}`;
    const text = given === undefined ? `is missing; the template has ${part}` : `expected ${part}`;
    throw new PluginError('INVALID_CONFIG', `${path}: ${text}`, { field: path });
  };
  demand('{timestamp}', timestampHeader, 'timestampHeader');
  demand('{id}', idHeader, 'idHeader');
  return {
    ...settings,
    header: header.toLowerCase(),
    ...(timestampHeader && { timestamp: { header: timestampHeader.toLowerCase() } }),
    ...(idHeader && { idHeader: idHeader.toLowerCase() }),
  };
}

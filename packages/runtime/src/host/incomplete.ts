import { PluginError } from '../contract/plugin-error.ts';

/** An answer that lacks what it must have. */
export function incomplete(what: string): PluginError {
  return new PluginError('INTERNAL', `the connector answered ${what} with nothing`);
}

import { PluginError } from '../contract/plugin-error.ts';

/** Set by the host for each connection. */
const LOG_LEVEL_VARIABLE = 'VRSKY_LOG_LEVEL';
/** As hosts name them, and as pino does. */
const LEVELS: Readonly<Record<string, string>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  off: 'silent',
};

/**
 * The lowest level that this process logs, as pino names it. Default: info.
 * @throws PluginError INVALID_CONFIG
 */
export function logLevel(env: Readonly<Record<string, string | undefined>>): string {
  const text = env[LOG_LEVEL_VARIABLE] || 'info';
  const level = LEVELS[text.toLowerCase()];
  if (level) return level;
  const known = Object.keys(LEVELS).join(', ');
  const expected = `${LOG_LEVEL_VARIABLE}: expected one of ${known}, got ${JSON.stringify(text)}`;
  throw new PluginError('INVALID_CONFIG', expected, { field: LOG_LEVEL_VARIABLE });
}

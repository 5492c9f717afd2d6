import { type LogLevel, logLevels } from './format.ts';

/** What one line of a plugin's stderr means. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly module?: string;
  /** As the plugin wrote it. */
  readonly timestamp?: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const sixDigits = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)$/;
const textLevel = /^\[(TRACE|DEBUG|INFO|WARN|ERROR)\]/;
/** How Go's runtime, and plugins of this package, begin their last words. */
export const crash: RegExp = /^(?:panic|fatal error): /;

/**
 * Reads the lines of one plugin in order, as go-plugin does: hclog JSON, text with a level in front, anything else at
 * debug. From the first line of a Go crash on, plain lines are errors. Never throws.
 */
export function createLogParser(): (line: string) => LogEntry {
  let crashed = false;
  return (line) => {
    const entry = parseJson(line);
    if (entry) return entry;
    const level = levelNamed(textLevel.exec(line)?.[1]);
    if (level) return text(level, line);
    crashed ||= crash.test(line);
    return text(crashed ? 'error' : 'debug', line);
  };
}

function levelNamed(name: unknown): LogLevel | undefined {
  if (typeof name !== 'string') return undefined;
  const lower = name.trim().toLowerCase();
  return logLevels.find((level) => level === lower);
}

function text(level: LogLevel, message: string): LogEntry {
  return { level, message, fields: {} };
}

/** Nothing for what is not hclog's JSON: other JSON, or its keys with values of other types, are plain text. */
function parseJson(line: string): LogEntry | undefined {
  if (!/^\s*\{/.test(line)) return undefined;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const {
    '@level': level,
    '@message': message = '',
    '@module': module,
    '@timestamp': time,
    ...fields
  } = value;
  if (typeof message !== 'string') return undefined;
  if (time !== undefined && (typeof time !== 'string' || !sixDigits.test(time))) return undefined;
  const known = levelNamed(level);
  if (known === undefined) return text('debug', line);
  return {
    level: known,
    message,
    fields,
    ...(typeof module === 'string' ? { module } : {}),
    ...(time === undefined ? {} : { timestamp: time }),
  };
}

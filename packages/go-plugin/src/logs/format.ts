/** The levels of hclog, lowest first. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** One line in hclog's JSON, with its line feed. Values of `fields` must be JSON. */
export function formatLogLine(
  level: LogLevel,
  message: string,
  options: { module?: string; fields?: Readonly<Record<string, unknown>> } = {},
): string {
  const line = {
    ...options.fields,
    '@level': level,
    '@message': message,
    ...(options.module === undefined ? {} : { '@module': options.module }),
    '@timestamp': timestamp(),
  };
  return `${JSON.stringify(line)}\n`;
}

/** Go's hosts want exactly six digits after the second; `Date.toISOString` has three. */
export function timestamp(now: Temporal.Instant = Temporal.Now.instant()): string {
  return now.toString({ fractionalSecondDigits: 6 });
}

import type { Logger } from 'pino';

/**
 * A pino logger whose lines the host understands: hclog keys, on the real stderr, also after printing was redirected.
 * Pino is loaded by the first call, so that it does not delay the handshake.
 */
export async function createPluginLogger(options: {
  /** Shown by the host as the module. */
  name: string;
  /** Lowest level to write: trace, debug, info (default), warn or error. */
  level?: string;
  /** Called with each line on its way out, to cut out what must not be read, such as secrets. */
  rewrite?: (line: string) => string;
}): Promise<Logger> {
  const { hclogLogger } = await import('../logs/logger.ts');
  return hclogLogger(options);
}

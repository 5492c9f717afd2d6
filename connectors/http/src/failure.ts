import { type ErrorCode, PluginError, type PluginErrorOptions } from '@vrsky/runtime';

/** What a cause means: one entry of a table. */
export interface Failure extends Pick<PluginErrorOptions, 'reason' | 'recoverable'> {
  readonly code: ErrorCode;
  readonly text: string;
}

/** The error for a cause, whose code ends the text. */
export function toError(
  { code, text: _, ...options }: Failure,
  text: string,
  from: string,
  cause: unknown,
): PluginError {
  return new PluginError(code, from ? `${text} (${from})` : text, { ...options, cause });
}

/** The code of Node.js, OpenSSL or undici; empty = none. */
export function codeOf(thrown: unknown): string {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

import { ERROR_CATALOGUE, type ErrorCode } from './error-catalogue.ts';

const MAX_MESSAGE_BYTES = 4096;

export interface PluginErrorOptions {
  /** Defaults to what the catalogue says of the code; unknown codes are final. */
  readonly recoverable?: boolean;
  /** The least wait before a retry that the outside system asked for. */
  readonly retryAfterMs?: number;
  /** Finer cause within the code, such as PORT_IN_USE. */
  readonly reason?: string;
  /** Path of the setting at fault, such as `settings.routes[0].path`. */
  readonly field?: string;
  readonly cause?: unknown;
}

/**
 * The one error of connectors and hosts. Its text says what failed, where, what was expected and
 * what to do next, and holds neither secrets nor payload.
 */
export class PluginError extends Error {
  override readonly name = 'PluginError';
  /** One of {@link ErrorCode}; a peer may send others, which a host must bear. */
  readonly code: string;
  /** The text without code and flag. */
  readonly rawMessage: string;
  /** true = retry by the RetryPolicy; false = dead letter. */
  readonly recoverable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly reason: string;
  readonly field: string;

  constructor(code: ErrorCode | (string & {}), message: string, options: PluginErrorOptions = {}) {
    const known = ERROR_CATALOGUE[code as ErrorCode] as { recoverable: boolean } | undefined;
    const recoverable = options.recoverable ?? known?.recoverable ?? false;
    super(`[${code}] ${message} (recoverable=${recoverable})`, { cause: options.cause });
    this.code = code;
    this.rawMessage = message;
    this.recoverable = recoverable;
    this.retryAfterMs = options.retryAfterMs;
    this.reason = options.reason ?? '';
    this.field = options.field ?? '';
  }

  /** Whether the other side is unavailable, rather than this message wrong: see the catalogue. */
  get outage(): boolean {
    const known = ERROR_CATALOGUE[this.code as ErrorCode] as { outage: boolean } | undefined;
    return this.recoverable && known?.outage === true;
  }

  /** The same error with another text, such as one with the place it is about. */
  withText(text: string, field: string = this.field): PluginError {
    return this.#with(this.code, text, this.reason, field);
  }

  /** As it may leave the process: each text without secrets, and only then the message cut to 4 KiB. */
  redacted(redact: (text: string) => string): PluginError {
    const code = Object.hasOwn(ERROR_CATALOGUE, this.code) ? this.code : redact(this.code);
    return this.#with(code, clip(redact(this.rawMessage)), redact(this.reason), redact(this.field));
  }

  #with(code: string, text: string, reason: string, field: string): PluginError {
    const { recoverable, retryAfterMs, cause } = this;
    return new PluginError(code, text, {
      recoverable,
      reason,
      field,
      cause,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }

  /** What was thrown, as a PluginError: an unforeseen one becomes INTERNAL, with its cause kept. */
  static from(thrown: unknown): PluginError {
    if (thrown instanceof PluginError) return thrown;
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return new PluginError('INTERNAL', text || 'unknown error', { cause: thrown });
  }
}

function clip(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_MESSAGE_BYTES) return text;
  return `${bytes
    .subarray(0, MAX_MESSAGE_BYTES - 3)
    .toString()
    .replace(/\uFFFD+$/, '')}…`;
}

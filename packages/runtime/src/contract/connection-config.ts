/** A value of `settings`, as JSON has them. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/** Everything a connector is told about the one connection that its process serves. */
export interface ConnectionConfig<Settings = JsonObject> {
  readonly id: string;
  readonly name: string;
  /** One of the connector's supported types. */
  readonly type: string;
  readonly settings: Settings;
  /** Secrets, already resolved by the host. Never log them, never put them into an error. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Limit for one operation (receiving excepted). Zero means {@link DEFAULT_TIMEOUT_MS}. */
  readonly timeout: Temporal.Duration;
  readonly retryPolicy: RetryPolicy;
}

/** Carried out by the host alone. Zero values mean the defaults, see `resolveRetryPolicy`. */
export interface RetryPolicy {
  /** Retries after the first attempt: attempts = 1 + maxRetries. */
  readonly maxRetries: number;
  readonly backoffMultiplier: number;
  readonly initialBackoff: Temporal.Duration;
  readonly maxBackoff: Temporal.Duration;
}

export const DEFAULT_TIMEOUT_MS = 30_000;

/** The limit for one operation in milliseconds, with the default for zero. */
export function timeoutMs(config: Pick<ConnectionConfig<unknown>, 'timeout'>): number {
  return config.timeout.total('milliseconds') || DEFAULT_TIMEOUT_MS;
}

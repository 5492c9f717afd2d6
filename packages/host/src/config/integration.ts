import type { Identity, JsonObject, RetryPolicy } from '@vrsky/runtime';

/** One integration as its file describes it: paths absolute, defaults filled in, secrets not yet. */
export interface Integration {
  readonly name: string;
  readonly identity?: Identity;
  readonly store: StoreSettings;
  readonly incoming: Connection;
  readonly outgoing: Connection;
  /** Messages sent at a time. 1 keeps the order in which they came in; more gives it up. */
  readonly concurrency: number;
  /** `FILE:LINE` of a path such as `incoming.settings.port`, or of what is nearest to it. */
  readonly locate: (path: string) => string;
}

export interface StoreSettings {
  /** Path of the SQLite file. */
  readonly path: string;
  /** Most messages kept, dead letters included: nothing more is received above it. */
  readonly maxMessages: number;
  /** Likewise in bytes. */
  readonly maxBytes: number;
  /** Milliseconds that a dead letter is kept. */
  readonly retentionMs: number;
}

export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

export type Direction = 'incoming' | 'outgoing';

export interface Connection {
  readonly direction: Direction;
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Path of the connector's executable, and what it is started with. */
  readonly command: string;
  readonly args: readonly string[];
  readonly sha256?: string;
  /** Of the connector's process, as `256Mi`; without it a part of what the host has. */
  readonly memoryLimit?: string;
  /** Least level of its own log lines and of the host's about it; without it the host's. */
  readonly log?: LogLevel;
  readonly settings: JsonObject;
  /** As in the file: with `${SECRET:name}` in place of secrets. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Names that the connector may ask for by GetSecret. */
  readonly secrets: readonly string[];
  readonly timeoutMs: number;
  readonly retryPolicy: RetryPolicy;
  /** How long a message waits for the end of an outage; undefined where the file sets `retry`. */
  readonly outageLimitMs?: number;
}

import type { ConnectError } from '@connectrpc/connect';

export interface CallEvents {
  /** Each message of the server, in order. What it throws ends the call. */
  message(bytes: Buffer): void;
  /** What was written has left, after a `write` that gave false. */
  drained(): void;
  /** The end, once: with a failure unless the status was OK. Never called before the constructor has returned. */
  ended(failure?: ConnectError): void;
}

export interface CallLimits {
  readonly signal?: AbortSignal | undefined;
  /** None, when not above 0. */
  readonly timeoutMs?: number | undefined;
  /** Whether the call has one answer. Default false: it ends at once when it is given up. */
  readonly isUnary?: boolean;
}

import type { Health } from '@vrsky/runtime';
import type { Direction } from './config/integration.ts';

/** A message that was delivered. */
export interface MessageEvent {
  readonly id: string;
  /** Size of the payload. */
  readonly bytes: number;
  /** From its receipt by this host to its delivery. */
  readonly milliseconds: number;
  /** The outside system's id for it; `id` if it gave none. */
  readonly remoteId: string;
}

/** A connection that is up: for the first time, or again. */
export interface ConnectedEvent {
  readonly direction: Direction;
  /** Process id of its connector. */
  readonly pid: number;
  /** What its Health says, such as the port it listens on. */
  readonly health: Health;
}

/** Something that an operator must look at. */
export type Alert =
  | {
      readonly kind: 'dead-letter';
      readonly messageId: string;
      readonly code: string;
      readonly text: string;
      readonly attempts: number;
    }
  /** The connection cannot be made, or its Health fails; it is tried again until it works. */
  | {
      readonly kind: 'connection';
      readonly direction: Direction;
      readonly code: string;
      readonly text: string;
    }
  /** The connector ends again and again; it is started again until it stays. */
  | {
      readonly kind: 'crash-loop';
      readonly direction: Direction;
      readonly code: string;
      readonly text: string;
      readonly crashes: number;
    };

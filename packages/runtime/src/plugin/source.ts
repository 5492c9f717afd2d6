import type { ConnectionConfig } from '../contract/connection-config.ts';
import type { Message, MessageMetadata, Reply } from '../contract/message.ts';
import type { Health } from '../contract/plugin-metadata.ts';
import type { Probe } from './probe.ts';

/**
 * What comes in from outside. Everything but the payload is optional: a missing id becomes a
 * UUIDv7, a missing timestamp the present time, and the identity is stamped by the runtime.
 */
export type IncomingMessage = Pick<Message, 'payload'> &
  Partial<Omit<Message, 'payload' | 'metadata'>> & {
    readonly metadata?: Partial<MessageMetadata>;
  };

/** One message that a source handed out, until it is settled. Sources add fields of their own. */
export interface Incoming {
  readonly message: IncomingMessage;
  /**
   * Set by the source when it has taken the message back, such as a webhook that was answered 503
   * because nobody acked in time: the runtime neither hands it out again nor passes a late ack on.
   */
  withdrawn?: boolean;
}

/**
 * The incoming side of a connection; the runtime makes a new one for every Connect and Validate.
 * A source never retries or leases: the runtime does.
 */
export interface Source<I extends Incoming = Incoming> {
  /** Milliseconds that the host has for one delivery; undefined = as long as the process lives. */
  readonly ackTimeoutMs: number | undefined;
  /**
   * Messages are admitted by an `Intake`: `next` only hands over what is held already, and is called
   * also when memory is short. Default false: `next` takes something new in.
   */
  readonly hasIntake?: boolean;
  /**
   * Called by Validate on an instance that is never started: checks what can be checked without the outside system and
   * leaves nothing behind. Resolves with warnings; rejects with what would make Connect fail.
   * @param connected what this process is connected with now, if it is: its own port is not taken
   */
  validate?(signal: AbortSignal, connected: ConnectionConfig | undefined): Promise<string[]>;
  /** How Validate reaches the outside system, after `validate`; read once. Undefined: there is none to reach. */
  readonly probe?: Probe;
  /** Called once, before everything below. On abort it undoes what it began and rejects. */
  start(signal: AbortSignal): Promise<void>;
  /**
   * The next message, in order of arrival. Called while the host has room, one call at a time.
   * On abort (only by Disconnect) it rejects and loses nothing.
   */
  next(signal: AbortSignal): Promise<I>;
  /**
   * The host has the message safe: finish it outside (2xx, PUBACK, move). Called at most once per
   * message, concurrently for different ones, also during `stop`. Resolves when it is recorded.
   */
  ack(incoming: I, reply: Reply | undefined): void | Promise<void>;
  /**
   * The message is not wanted. `reject`: the host has it safe as a dead letter, so outside it counts
   * as done. `release`: nobody has it, give it back (503, un-claim). Otherwise as `ack`.
   */
  nack(incoming: I, kind: 'reject' | 'release'): void | Promise<void>;
  /**
   * Called at any time after `start`, also concurrently; throws when the connection does not work. A source that has
   * failed dials at most every 5 s here, and so recovers without traffic. On abort it rejects.
   */
  health?(signal: AbortSignal): Health | Promise<Health>;
  /**
   * Called once: stops intake at once, refuses what was not handed out, resolves when everything
   * handed out is settled or `signal` aborts, and then closes. What is left stays un-acked.
   */
  stop(signal: AbortSignal): Promise<void>;
}

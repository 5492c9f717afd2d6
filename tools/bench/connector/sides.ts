import type { Destination, Source } from '@vrsky/runtime/plugin';
import { messageParts, payloadOf } from '../src/message.ts';

const ACK_TIMEOUT_MS = 30_000;
/** As many as a frame of a stream has at most. */
const MAX_BATCH = 256;

/** Endless, but a message is made only when it is asked for. */
export function createSource(payloadBytes: number): Source {
  const payload = payloadOf(payloadBytes);
  let made = 0;
  let acked = 0;
  return {
    ackTimeoutMs: ACK_TIMEOUT_MS,
    start: async () => {},
    next: async () => ({ message: messageParts(made++, payload) }),
    ack: () => {
      acked += 1;
    },
    nack: () => {},
    health: () => ({ status: 'ok', details: { acked: String(acked) } }),
    stop: async () => {},
  };
}

/** Answers at once. */
export function createDestination(): Destination {
  let sent = 0;
  return {
    maxBatch: MAX_BATCH,
    start: async () => {},
    send: async (batch) => {
      sent += batch.length;
      return batch.map(() => ({}));
    },
    health: () => ({ status: 'ok', details: { sent: String(sent) } }),
    stop: async () => {},
  };
}

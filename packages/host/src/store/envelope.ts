import type { Message } from '@vrsky/runtime';

/** Everything of a message but its id and payload, as the store keeps it. */
export function toEnvelope(message: Message): string {
  const { contentType, metadata, headers, timestamp } = message;
  return JSON.stringify({ contentType, metadata, headers, timestamp: timestamp?.toString() });
}

export function fromEnvelope(id: string, payload: Uint8Array, envelope: string): Message {
  const { contentType, metadata, headers, timestamp } = JSON.parse(envelope) as Pick<
    Message,
    'contentType' | 'metadata' | 'headers'
  > & { timestamp?: string };
  return {
    id,
    payload,
    contentType,
    metadata,
    headers,
    timestamp: timestamp === undefined ? undefined : Temporal.Instant.from(timestamp),
  };
}

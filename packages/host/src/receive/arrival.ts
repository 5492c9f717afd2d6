import { randomUUIDv7 } from 'node:crypto';
import { foreignKey, type Identity, type Message, PluginError } from '@vrsky/runtime';
import type { Arrival } from '../store/queue.ts';

/**
 * Stamps a received message with whose it is, for connectors that do not. One that says to belong to
 * somebody else is never sent: it arrives as a dead letter.
 */
export function arrivalOf(
  message: Message,
  connectorId: string,
  identity: Identity | undefined,
): Arrival {
  const { metadata } = message;
  const stamped: Message = {
    ...message,
    // Without an id of its own, a message could not be told from the next one like it.
    id: message.id || randomUUIDv7(),
    metadata: { ...metadata, source: metadata.source || connectorId, ...identity },
  };
  const foreign = identity && foreignKey(metadata, identity);
  if (!foreign) return { message: stamped };
  const text = `the message carries another ${foreign} than this integration's; it was not sent`;
  const failure = new PluginError('TENANT_MISMATCH', text, { field: `metadata.${foreign}` });
  return { message: stamped, failure };
}

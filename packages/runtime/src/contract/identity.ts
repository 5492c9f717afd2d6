import type { Identity, MessageMetadata } from './message.ts';

const KEYS = ['customerId', 'tenantId', 'integrationId'] as const;

/** The key by which a message belongs to somebody else; an empty id is nobody's. */
export function foreignKey(metadata: MessageMetadata, own: Identity): keyof Identity | undefined {
  return KEYS.find((key) => own[key] && metadata[key] && own[key] !== metadata[key]);
}

// Not by name, which an older Node does not have: see node-version.ts of @vrsky/go-plugin.
import crypto from 'node:crypto';
import { foreignKey } from '../contract/identity.ts';
import type { Identity, Message, MessageMetadata } from '../contract/message.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { IncomingMessage } from './source.ts';

/** Completes what came in: id, time, the connector's id, and whose message it is. */
export function stamp(
  incoming: IncomingMessage,
  connectorId: string,
  identity: Identity | undefined,
): Message {
  const { metadata: given = {} } = incoming;
  const owner: Partial<Identity> = identity ?? given;
  // Field by field: spreading three objects took longer than all the rest.
  const metadata: MessageMetadata = {
    customerId: owner.customerId ?? '',
    tenantId: owner.tenantId ?? '',
    integrationId: owner.integrationId ?? '',
    source: given.source ?? connectorId,
    destination: given.destination ?? '',
    correlationId: given.correlationId ?? '',
    traceId: given.traceId ?? '',
  };
  return {
    id: incoming.id || crypto.randomUUIDv7(),
    payload: incoming.payload,
    contentType: incoming.contentType ?? 'application/octet-stream',
    metadata,
    headers: incoming.headers ?? {},
    timestamp: incoming.timestamp ?? now(),
  };
}

let clock = { ms: 0, instant: Temporal.Instant.fromEpochMilliseconds(0) };

/** The present time: one object for all messages of the same millisecond. */
function now(): Temporal.Instant {
  const ms = Date.now();
  if (ms !== clock.ms) clock = { ms, instant: Temporal.Now.instant() };
  return clock.instant;
}

/** Refuses a message of anybody but the one whose connection this is; an empty id is not foreign. */
export function checkIdentity(message: Message, identity: Identity | undefined): void {
  const key = identity && foreignKey(message.metadata, identity);
  if (!key) return;
  throw new PluginError(
    'TENANT_MISMATCH',
    `message ${message.id} carries another ${key} than this connection serves; ` +
      'it was not sent: check which integration handed it over',
    { field: `metadata.${key}` },
  );
}

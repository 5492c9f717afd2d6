import type { IncomingHttpHeaders } from 'node:http';

/** Where a sender tells the id of its event: in a header, or in its JSON body (RFC 6901). */
export type EventId = { readonly header: string } | { readonly jsonPointer: string };

/** The same one that every sender of Standard Webhooks uses. */
export const DEFAULT_EVENT_ID: EventId = { header: 'webhook-id' };

/** What an id may look like: it travels in headers and logs. */
const ID = /^[\x21-\x7e]{1,256}$/;

/** The event's id; undefined when there is none that can be used. */
export function readEventId(
  where: EventId,
  headers: IncomingHttpHeaders,
  body: Uint8Array,
): string | undefined {
  const found = 'header' in where ? headers[where.header] : atPointer(where.jsonPointer, body);
  const id = typeof found === 'number' ? String(found) : found;
  return typeof id === 'string' && ID.test(id) ? id : undefined;
}

function atPointer(pointer: string, body: Uint8Array): unknown {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch {
    return undefined;
  }
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

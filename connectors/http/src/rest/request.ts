import { randomBytes } from 'node:crypto';
import { type Message, PluginError } from '@vrsky/runtime';
import type { RestSettings } from '../config.ts';
import { CONNECTION_HEADERS, isSendable } from '../headers.ts';
import { VERSION } from '../version.ts';

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;

/**
 * The operator's headers, names in lower case, without those that belong to the connection.
 * @throws PluginError INVALID_CONFIG for what HTTP cannot carry, without its value
 */
export function configuredHeaders(headers: RestSettings['headers']): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!isSendable(name, value)) {
      const field = `settings.headers.${name}`;
      const text = `${JSON.stringify(field)}: expected a header name and a value without control characters`;
      throw new PluginError('INVALID_CONFIG', text, { field });
    }
    const key = name.toLowerCase();
    if (!CONNECTION_HEADERS.has(key)) kept[key] = value;
  }
  return kept;
}

/**
 * All headers for one message; the operator's win. The idempotency key is the message's id, so that
 * a retry of the host is known as one.
 * @throws PluginError INVALID_MESSAGE for what HTTP cannot carry, without its value
 */
export function messageHeaders(
  { id, contentType, metadata }: Message,
  configured: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers: Record<string, string> = {
    'user-agent': `vrsky-http-connector/${VERSION}`,
    'content-type': sendable('contentType', contentType || 'application/octet-stream'),
    'idempotency-key': sendable('id', id),
    'x-message-id': id,
  };
  if (metadata.correlationId) {
    headers['x-correlation-id'] = sendable('metadata.correlationId', metadata.correlationId);
  }
  if (TRACE_ID.test(metadata.traceId)) {
    headers['traceparent'] = `00-${metadata.traceId}-${randomBytes(8).toString('hex')}-01`;
  }
  return Object.assign(headers, configured);
}

function sendable(field: string, value: string): string {
  if (isSendable('x-message-id', value)) return value;
  const text = `${field}: expected characters that an HTTP header can carry, and no control characters`;
  throw new PluginError('INVALID_MESSAGE', text, { field });
}

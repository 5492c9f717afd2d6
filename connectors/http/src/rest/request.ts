import { randomUUID } from 'node:crypto';
import { type Message, PluginError } from '@vrsky/runtime';
import { CONNECTION_HEADERS, isSendable } from '../headers.ts';
import { VERSION } from '../version.ts';
import type { RestSettings } from './settings.ts';
import { parseTemplate, render, type Template } from './template.ts';

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
export const USER_AGENT: string = `vrsky-http-connector/${VERSION}`;

/** The headers that the operator wants for a message. @throws PluginError INVALID_MESSAGE */
export type OperatorHeaders = (message: Message) => Readonly<Record<string, string>>;

/**
 * Compiles `headers` and `forwardHeaders`: names in lower case, without those that belong to the
 * connection.
 * @throws PluginError INVALID_CONFIG for what HTTP cannot carry, without its value
 */
export function compileHeaders({
  headers,
  forwardHeaders,
}: Pick<RestSettings, 'headers' | 'forwardHeaders'>): OperatorHeaders {
  const fixed: Record<string, string> = {};
  const templates: [string, Template][] = [];
  for (const [name, text] of Object.entries(headers)) {
    const field = `settings.headers.${name}`;
    checkHeader(name, text, field);
    const key = name.toLowerCase();
    if (CONNECTION_HEADERS.has(key)) continue;
    const template = parseTemplate(text, field);
    if (template.placeholders.length > 0) templates.push([key, template]);
    else fixed[key] = text;
  }
  const forwarded = forwardHeaders.filter((name, i) => {
    checkHeader(name, '', `settings.forwardHeaders[${i}]`);
    return !CONNECTION_HEADERS.has(name.toLowerCase());
  });
  if (templates.length === 0 && forwarded.length === 0) return () => fixed;
  return (message) => {
    const all: Record<string, string> = {};
    for (const name of forwarded) {
      if (!Object.hasOwn(message.headers, name)) continue;
      all[name.toLowerCase()] = sendable(`headers.${name}`, message.headers[name] ?? '');
    }
    Object.assign(all, fixed);
    for (const [name, template] of templates) {
      const text = render(template, message, asIs);
      all[name] = sendable(`settings.headers.${name}`, text);
    }
    return all;
  };
}

/**
 * All headers for one message; the operator's win. The idempotency key is the message's id, so that
 * a retry of the host is known as one.
 * @throws PluginError INVALID_MESSAGE for what HTTP cannot carry, without its value
 */
export function messageHeaders(
  { id, contentType, metadata }: Message,
  operators: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers: Record<string, string> = {
    'user-agent': USER_AGENT,
    'content-type': sendable('contentType', contentType || 'application/octet-stream'),
    'idempotency-key': sendable('id', id),
    'x-message-id': id,
  };
  if (metadata.correlationId) {
    headers['x-correlation-id'] = sendable('metadata.correlationId', metadata.correlationId);
  }
  if (TRACE_ID.test(metadata.traceId)) {
    headers['traceparent'] = `00-${metadata.traceId}-${spanId()}-01`;
  }
  return Object.assign(headers, operators);
}

/** 64 random bits: those of a UUID, because Node.js makes these in advance, many at a time. */
function spanId(): string {
  const uuid = randomUUID();
  return uuid.slice(0, 8) + uuid.slice(-8);
}

function checkHeader(name: string, value: string, field: string): void {
  if (isSendable(name, value)) return;
  const text = `${JSON.stringify(field)}: expected a header name and a value without control characters`;
  throw new PluginError('INVALID_CONFIG', text, { field });
}

function sendable(field: string, value: string): string {
  if (isSendable('x-message-id', value)) return value;
  const text = `${field}: expected characters that an HTTP header can carry, and no control characters`;
  throw new PluginError('INVALID_MESSAGE', text, { field });
}

function asIs(value: string): string {
  return value;
}

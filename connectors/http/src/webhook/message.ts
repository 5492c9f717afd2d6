import type { MessageMetadata } from '@vrsky/runtime';
import type { IncomingMessage } from '@vrsky/runtime/plugin';
import type { FastifyRequest } from 'fastify';

/** Never handed on: they are the sender's credentials towards us. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
]);
/** Prefix of our own facts about the request; a sender's header cannot pose as one. */
const OWN = 'http.';
const EMPTY = new Uint8Array(0);
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-|$)/;
const PRINTABLE = /^[\x20-\x7e]{1,128}$/;

/** The request as a message: its body byte for byte, its headers, and facts about it. */
export function toMessage(request: FastifyRequest, routed: boolean): IncomingMessage {
  return {
    payload: (request.body as Buffer | null | undefined) ?? EMPTY,
    contentType: request.headers['content-type'] || 'application/octet-stream',
    headers: collectHeaders(request, routed),
    metadata: tracing(request.headers),
  };
}

function collectHeaders(request: FastifyRequest, routed: boolean): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || SECRET_HEADERS.has(name) || name.startsWith(OWN)) continue;
    headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  const { path, query } = splitTarget(request.originalUrl);
  headers['http.method'] = request.method;
  headers['http.path'] = path;
  headers['http.query'] = query;
  headers['http.remote_ip'] = request.ip.replace(/^::ffff:(?=\d+\.)/, '');
  if (!routed) return headers;
  headers['http.route'] = request.routeOptions.url ?? '';
  for (const [name, value] of Object.entries(request.params as Record<string, string>)) {
    headers[`http.param.${name}`] = value;
  }
  return headers;
}

function tracing(headers: FastifyRequest['headers']): Partial<MessageMetadata> {
  const correlationId = [headers['x-correlation-id'], headers['x-request-id']].find(
    (id): id is string => typeof id === 'string' && PRINTABLE.test(id),
  );
  const traceId = TRACEPARENT.exec(String(headers['traceparent'] ?? ''))?.[1];
  return { ...(correlationId && { correlationId }), ...(traceId && { traceId }) };
}

/** Path and raw query of a request target, which may also be a whole URL. */
export function splitTarget(target: string): { path: string; query: string } {
  const local = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?]*/i, '');
  const mark = local.indexOf('?');
  return mark < 0
    ? { path: local, query: '' }
    : { path: local.slice(0, mark), query: local.slice(mark + 1) };
}

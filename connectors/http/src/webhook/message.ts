import { TLSSocket } from 'node:tls';
import type { MessageMetadata } from '@vrsky/runtime';
import type { IncomingMessage } from '@vrsky/runtime/plugin';
import type { FastifyRequest } from 'fastify';
import type { Route } from './routes.ts';
import type { WebhookSettings } from './settings.ts';
import { splitTarget, withoutParameter } from './target.ts';

/** Never handed on: they are the sender's credentials towards us. */
const SECRET_HEADERS = ['authorization', 'cookie', 'proxy-authorization'];
/** They describe a body that is not what is handed on any more. */
const ENCODING_HEADERS = ['content-encoding', 'content-length'];
/** Prefix of our own facts about the request; a sender's header cannot pose as one. */
const OWN = 'http.';
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-|$)/;
const PRINTABLE = /^[\x20-\x7e]{1,128}$/;

/** How the requests of one route become messages. */
export class MessageMaker {
  readonly #named: boolean;
  readonly #defaultContentType: string;
  readonly #included: ReadonlySet<string> | undefined;
  readonly #excluded: ReadonlySet<string>;
  readonly #secretParameters: readonly string[];

  constructor(
    { headers, defaultContentType }: Pick<WebhookSettings, 'headers' | 'defaultContentType'>,
    { named, headVerifiers, bodyVerifiers }: Route,
  ) {
    const secrets = [...headVerifiers, ...bodyVerifiers].flatMap((one) => one.secrets ?? []);
    const secretHeaders = secrets.flatMap((one) => ('header' in one ? one.header : []));
    const lower = (names: readonly string[]) => names.map((name) => name.toLowerCase());
    this.#named = named;
    this.#defaultContentType = defaultContentType;
    this.#included = headers.include.length > 0 ? new Set(lower(headers.include)) : undefined;
    this.#excluded = new Set([...SECRET_HEADERS, ...secretHeaders, ...lower(headers.exclude)]);
    this.#secretParameters = secrets.flatMap((one) => ('parameter' in one ? one.parameter : []));
  }

  /**
   * @param id what the sender calls the event
   * @param payload the body, byte for byte; or decompressed, when it is another than `request.body`
   */
  make(request: FastifyRequest, id: string | undefined, payload: Uint8Array): IncomingMessage {
    const headers = this.#headersOf(request);
    if (payload !== request.body) {
      for (const name of ENCODING_HEADERS) delete headers[name];
    }
    return {
      ...(id !== undefined && { id }),
      payload,
      contentType: request.headers['content-type'] || this.#defaultContentType,
      headers,
      metadata: tracing(request.headers),
    };
  }

  #headersOf(request: FastifyRequest): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) {
      if (value === undefined || !this.#handsOn(name)) continue;
      headers[name] = typeof value === 'string' ? value : value.join(', ');
    }
    const { path, query } = splitTarget(request.originalUrl);
    headers['http.method'] = request.method;
    headers['http.path'] = path;
    headers['http.query'] = this.#secretParameters.reduce(withoutParameter, query);
    headers['http.remote_ip'] = request.ip.replace(/^::ffff:(?=\d+\.)/, '');
    const subject = clientSubject(request.raw.socket);
    if (subject) headers['http.tls.subject'] = subject;
    if (!this.#named) return headers;
    headers['http.route'] = request.routeOptions.url ?? '';
    for (const [name, value] of Object.entries(request.params as Record<string, string>)) {
      headers[`http.param.${name}`] = value;
    }
    return headers;
  }

  #handsOn(name: string): boolean {
    if (name.startsWith(OWN) || this.#excluded.has(name)) return false;
    return this.#included?.has(name) ?? true;
  }
}

/** The subject of a client certificate that was checked, such as `CN=shop, O=Example`. */
function clientSubject(socket: unknown): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  return socket.getPeerX509Certificate()?.subject.replaceAll('\n', ', ');
}

function tracing(headers: FastifyRequest['headers']): Partial<MessageMetadata> {
  const correlationId = [headers['x-correlation-id'], headers['x-request-id']].find(
    (id): id is string => typeof id === 'string' && PRINTABLE.test(id),
  );
  const traceId = TRACEPARENT.exec(String(headers['traceparent'] ?? ''))?.[1];
  return { ...(correlationId && { correlationId }), ...(traceId && { traceId }) };
}

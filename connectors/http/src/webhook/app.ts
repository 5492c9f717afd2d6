import { PluginError } from '@vrsky/runtime';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WebhookSettings } from '../config.ts';
import { splitTarget } from './message.ts';

/** What happens to a request for a known route. */
export interface Door {
  /**
   * Called before the body is read. false = refused and answered.
   * @param room bytes that the body may turn out to have
   */
  admit(reply: FastifyReply, room: number): boolean;
  /** Called with the whole body in `request.body`; answers now or later. */
  receive(request: FastifyRequest, reply: FastifyReply): void;
}

/** Longest request head in bytes; above: 431. */
const MAX_HEAD_BYTES = 16_384;
const ANY_PATH: NonNullable<WebhookSettings['routes']> = [{ path: '*', methods: ['POST'] }];

/** The HTTP side of the webhook, ready to listen: limits, routes, raw bodies, refusals. */
export async function createApp(settings: WebhookSettings, door: Door): Promise<FastifyInstance> {
  const { default: fastify } = await import('fastify');
  const { bodyLimitBytes } = settings;
  const { headersMs, requestMs, keepAliveMs } = settings.timeouts;
  const app = fastify({
    bodyLimit: bodyLimitBytes,
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    exposeHeadRoutes: false,
    // A parameter is bounded by the head already.
    routerOptions: { maxParamLength: MAX_HEAD_BYTES },
    http: {
      headersTimeout: Math.min(headersMs, requestMs),
      connectionsCheckingInterval: 1000,
      maxHeaderSize: MAX_HEAD_BYTES,
    },
    frameworkErrors: (error, _request, reply) =>
      refuse(reply, error.statusCode ?? 400, error.message),
  });
  app.server.maxConnections = settings.maxConnections;
  // Who asks before sending a body gets no leave until `admit` has said yes.
  app.server.on('checkContinue', (request, response) => {
    app.server.emit('request', request, response);
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  // By default the body of a GET would be dropped.
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true });

  const routes = mergeRoutes(settings.routes ?? ANY_PATH);
  const anyMethod = [...new Set([...routes.values()].flatMap(({ methods }) => [...methods]))];
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) return refuseUnknown(app, anyMethod, request, reply);
    const room = claimedBytes(request, bodyLimitBytes);
    if (room > bodyLimitBytes) return refuseTooLarge(reply, bodyLimitBytes);
    if (!door.admit(reply, room)) return;
    if (request.headers.expect && request.raw.httpVersion === '1.1') reply.raw.writeContinue();
    done();
  });
  app.setErrorHandler<FastifyError>(({ code, statusCode, message }, _request, reply) => {
    if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') refuseTooLarge(reply, bodyLimitBytes);
    else if (statusCode && statusCode < 500) refuse(reply, statusCode, message);
    else refuse(reply, 500, 'internal error');
  });
  for (const [path, { index, methods }] of routes) {
    try {
      app.route({
        method: [...methods],
        url: path,
        handler: (request, reply) => door.receive(request, reply),
      });
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      const field = `settings.routes[${index}].path`;
      throw new PluginError('INVALID_CONFIG', `${field}: ${text}`, { field, cause });
    }
  }
  await app.ready();
  return app;
}

/** Answers with an error that the sender can read; ours never hold anything of the request. */
export function refuse(
  reply: FastifyReply,
  status: number,
  error: string,
  headers: Record<string, string> = {},
): void {
  void reply.code(status).headers(headers).send({ error });
}

function refuseUnknown(
  app: FastifyInstance,
  methods: readonly string[],
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const url = splitTarget(request.originalUrl).path;
  const allowed = methods.filter((method) => app.findRoute({ method, url }));
  if (allowed.length === 0) refuse(reply, 404, 'no such path');
  else refuse(reply, 405, 'method not allowed', { allow: allowed.join(', ') });
}

function refuseTooLarge(reply: FastifyReply, limit: number): void {
  refuse(reply, 413, `the body is above ${limit} bytes`, { connection: 'close' });
}

/** What a request may turn out to have as its body; a chunked one does not tell before its end. */
function claimedBytes({ headers }: FastifyRequest, limit: number): number {
  if (headers['transfer-encoding'] !== undefined) return limit;
  return Number(headers['content-length'] ?? 0);
}

/** One entry per path: a path may be listed several times, with other methods. */
function mergeRoutes(routes: NonNullable<WebhookSettings['routes']>) {
  const merged = new Map<string, { index: number; methods: Set<string> }>();
  for (const [index, { path, methods }] of routes.entries()) {
    const known = merged.get(path)?.methods ?? [];
    merged.set(path, { index, methods: new Set([...known, ...methods]) });
  }
  return merged;
}

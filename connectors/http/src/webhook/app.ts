import type { IncomingMessage, Server } from 'node:http';
import { PluginError } from '@vrsky/runtime';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { networkMatcher } from './addresses.ts';
import { refuse } from './answer.ts';
import { readBody } from './body.ts';
import { Refusal } from './refusal.ts';
import type { Route } from './routes.ts';
import type { WebhookSettings } from './settings.ts';
import { splitTarget } from './target.ts';
import { createServer, type Tls } from './tls.ts';

/** What happens to requests. Refuses by throwing a Refusal. */
export interface Reception {
  /** Called for a known route before the body is read. */
  admit(request: FastifyRequest, reply: FastifyReply, route: Route): Promise<void>;
  /** Called with the whole body in `request.body`; answers now or later. */
  receive(request: FastifyRequest, reply: FastifyReply, route: Route): Promise<void>;
  /** Whether a request would be let in now. */
  readonly open: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    route?: Route;
  }
}

/** The HTTP side of the webhook, ready to listen: limits, routes, raw bodies, refusals. */
export async function createApp(
  settings: WebhookSettings,
  routes: readonly Route[],
  tls: Tls | undefined,
  reception: Reception,
): Promise<FastifyInstance> {
  const { default: fastify } = await import('fastify');
  const { maxHeaderBytes, trustProxy } = settings;
  networkMatcher(trustProxy, 'settings.trustProxy'); // checks them
  const app = fastify({
    serverFactory: (handler) => openServer(settings, tls, handler as never),
    exposeHeadRoutes: false,
    trustProxy: trustProxy.length > 0 && trustProxy,
    // A parameter is bounded by the head already.
    routerOptions: { maxParamLength: maxHeaderBytes },
    frameworkErrors: (error, _request, reply) =>
      refuse(reply, new Refusal(error.statusCode ?? 400, error.message)),
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request, payload: IncomingMessage, done) => {
    const { bodyLimitBytes = 0 } = request.routeOptions.config.route ?? {};
    const length = request.headers['content-length'];
    readBody(payload, length === undefined ? undefined : Number(length), bodyLimitBytes, done);
  });
  // By default the body of a GET would be dropped.
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true });

  const anyMethod = [...new Set(['GET', ...routes.flatMap(({ methods }) => methods)])];
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) throw unknownTarget(app, anyMethod, request);
    const { route } = request.routeOptions.config;
    if (!route) return;
    await reception.admit(request, reply, route);
    if (request.headers.expect && request.raw.httpVersion === '1.1') reply.raw.writeContinue();
  });
  app.setErrorHandler<FastifyError | Refusal>((error, _request, reply) => {
    if (error instanceof Refusal) refuse(reply, error);
    else if (error.statusCode && error.statusCode < 500) {
      refuse(reply, new Refusal(error.statusCode, error.message));
    } else refuse(reply, new Refusal(500, 'internal error'));
  });
  for (const [index, route] of routes.entries()) {
    const url = route.path;
    addRoute(app, [...route.methods], url, `settings.routes[${index}].path`, {
      config: { route },
      handler: (request, reply) => {
        reception.receive(request, reply, route).catch((error: Error) => reply.send(error));
      },
    });
  }
  if (settings.healthPath) {
    addRoute(app, ['GET'], settings.healthPath, 'settings.healthPath', {
      handler: (_request, reply) => {
        void reply.code(reception.open ? 200 : 503).send();
      },
    });
  }
  await app.ready();
  return app;
}

function openServer(
  { timeouts, maxHeaderBytes, maxConnections }: WebhookSettings,
  tls: Tls | undefined,
  handler: (request: IncomingMessage) => void,
): Server {
  const { headersMs, requestMs, keepAliveMs } = timeouts;
  const headersTimeout = Math.min(headersMs, requestMs);
  const options = {
    headersTimeout,
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: 1000,
    maxHeaderSize: maxHeaderBytes,
  };
  const server = createServer(options, headersTimeout, tls, handler);
  server.maxConnections = maxConnections;
  // Who asks before sending a body gets no leave until it is admitted.
  server.on('checkContinue', (request, response) => {
    server.emit('request', request, response);
  });
  return server;
}

function addRoute(
  app: FastifyInstance,
  method: string[],
  url: string,
  field: string,
  options: Pick<Parameters<FastifyInstance['route']>[0], 'handler' | 'config'>,
): void {
  try {
    app.route({ method, url, ...options });
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new PluginError('INVALID_CONFIG', `${field}: ${text}`, { field, cause });
  }
}

function unknownTarget(
  app: FastifyInstance,
  methods: readonly string[],
  request: FastifyRequest,
): Refusal {
  const url = splitTarget(request.originalUrl).path;
  const allowed = methods.filter((method) => app.findRoute({ method, url }));
  if (allowed.length === 0) return new Refusal(404, 'no such path');
  return new Refusal(405, 'method not allowed', { allow: allowed.join(', ') });
}

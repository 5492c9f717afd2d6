import { type Static, Type } from 'typebox';
import {
  closed,
  MIB,
  NETWORKS,
  perRoute,
  perRouteOptional,
  RouteSettings,
} from './route-settings.ts';

/** Settings of `http-webhook`. All have defaults: `{}` listens on 8080 for a POST to any path. */
export const WebhookSettings = Type.Object(
  {
    host: Type.String({
      default: '0.0.0.0',
      minLength: 1,
      description: 'Address to listen on; `::` for IPv6.',
    }),
    port: Type.Integer({
      default: 8080,
      minimum: 0,
      maximum: 65535,
      description: 'Port to listen on; 0 = any free one, which Health then tells.',
    }),
    probe: Type.Boolean({
      default: true,
      description: 'Whether Validate tries whether the port is free.',
    }),
    auth: perRoute.auth({ default: {} }),
    ackMode: perRoute.ackMode({ default: 'stored' }),
    success: perRoute.success({ default: {} }),
    bodyLimitBytes: perRoute.bodyLimitBytes({ default: MIB }),
    contentTypes: perRoute.contentTypes({ default: ['*/*'] }),
    ipAllow: perRoute.ipAllow({ default: [] }),
    ipDeny: perRoute.ipDeny({ default: [] }),
    ...perRouteOptional,
    routes: Type.Optional(
      Type.Array(RouteSettings, {
        minItems: 1,
        description:
          'What to take. Without it: a POST to any path. A route may have its own of the settings from `auth` to `rateLimit`.',
      }),
    ),
    trustProxy: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: `Proxies whose X-Forwarded-For tells the sender's address: ${NETWORKS}.`,
    }),
    replay: Type.Object(
      {
        toleranceSeconds: Type.Integer({
          default: 300,
          minimum: 1,
          description: 'How old a signed timestamp may be.',
        }),
        futureSkewSeconds: Type.Integer({
          default: 60,
          minimum: 0,
          description: 'How far in the future it may be.',
        }),
        windowSeconds: Type.Integer({
          default: 86_400,
          minimum: 0,
          description:
            'How long the id of an acked event is known: again, it is answered 200 only.',
        }),
        maxEvents: Type.Integer({
          default: 100_000,
          minimum: 0,
          maximum: 1_000_000,
          description: 'How many of them are known; the oldest are forgotten first.',
        }),
      },
      { ...closed, default: {}, description: 'What is done against events that come again.' },
    ),
    tls: Type.Optional(
      Type.Object(
        {
          minVersion: Type.Enum(['TLSv1.2', 'TLSv1.3'], {
            default: 'TLSv1.2',
            description: 'Oldest version taken.',
          }),
        },
        {
          ...closed,
          description:
            'HTTPS: with `credentials.tls_cert`, `tls_key` and, if it is encrypted, `tls_key_passphrase`. `tls_client_ca` for `auth.mtls`.',
        },
      ),
    ),
    decompress: Type.Object(
      {
        maxBytes: Type.Integer({
          default: 0,
          minimum: 0,
          maximum: 15 * MIB,
          description:
            'Largest body after decompression of gzip, deflate or br; above: 413. 0: bodies are passed on as they come, with their `content-encoding`.',
        }),
        maxRatio: Type.Integer({
          default: 100,
          minimum: 1,
          description: 'How many times as large a body may become; above: 413.',
        }),
      },
      { ...closed, default: {}, description: 'Decompression of bodies.' },
    ),
    headers: Type.Object(
      {
        include: Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          description: 'Headers handed on with the message. Empty: all.',
        }),
        exclude: Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          description: 'Headers not handed on; those with credentials never are.',
        }),
      },
      { ...closed, default: {}, description: 'What is handed on of the headers.' },
    ),
    defaultContentType: Type.String({
      default: 'application/octet-stream',
      minLength: 1,
      description: 'Content type of a body that comes without.',
    }),
    healthPath: Type.String({
      default: '/healthz',
      pattern: '^(/|$)',
      description:
        'Path whose GET is answered 200, or 503 while nothing can be taken, without authentication. Empty: none.',
    }),
    maxInFlight: Type.Integer({
      default: 500,
      minimum: 1,
      maximum: 100_000,
      description: 'Requests held at once; above: 503 before the body is read.',
    }),
    maxInFlightBytes: Type.Integer({
      default: 64 * MIB,
      minimum: 1,
      description: 'Body bytes held at once; above: 503 before the body is read.',
    }),
    retryAfterSeconds: Type.Integer({
      default: 5,
      minimum: 0,
      maximum: 3600,
      description: 'Retry-After of every 503.',
    }),
    drainTimeoutMs: Type.Integer({
      default: 10_000,
      minimum: 0,
      maximum: 600_000,
      description: 'Longest wait at Disconnect for requests that the host has in hand.',
    }),
    maxConnections: Type.Integer({
      default: 2000,
      minimum: 1,
      maximum: 1_000_000,
      description: 'Connections open at once; further ones are closed at once.',
    }),
    maxHeaderBytes: Type.Integer({
      default: 16_384,
      minimum: 1024,
      maximum: MIB,
      description: 'Largest head of a request; above: 431.',
    }),
    timeouts: Type.Object(
      {
        headersMs: Type.Integer({
          default: 10_000,
          minimum: 1,
          description: 'Longest time to receive the head of a request; above: 408.',
        }),
        requestMs: Type.Integer({
          default: 30_000,
          minimum: 1,
          description: 'Longest time to receive a whole request; above: 408.',
        }),
        keepAliveMs: Type.Integer({
          default: 5000,
          minimum: 1,
          description:
            'Time an idle connection stays open. Behind a load balancer, set it above its own.',
        }),
      },
      { ...closed, default: {}, description: 'Limits for slow and idle clients.' },
    ),
  },
  closed,
);
export type WebhookSettings = Static<typeof WebhookSettings>;

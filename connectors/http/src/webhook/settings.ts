import { type Static, Type } from 'typebox';

const MIB = 1024 * 1024;
const closed = { additionalProperties: false };

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
    routes: Type.Optional(
      Type.Array(
        Type.Object(
          {
            path: Type.String({
              pattern: '^(/|\\*$)',
              description: 'Path, with parameters and a wildcard: `/webhooks/:source/*`.',
            }),
            methods: Type.Array(Type.Enum(['POST', 'PUT', 'PATCH', 'DELETE', 'GET']), {
              default: ['POST'],
              minItems: 1,
              description: 'Methods taken on this path; others are answered 405.',
            }),
          },
          closed,
        ),
        { minItems: 1, description: 'What to take. Without it: a POST to any path.' },
      ),
    ),
    bodyLimitBytes: Type.Integer({
      default: MIB,
      minimum: 1,
      maximum: 15 * MIB,
      description: 'Largest body; above: 413.',
    }),
    ackTimeoutMs: Type.Integer({
      default: 10_000,
      minimum: 1,
      maximum: 3_600_000,
      description:
        'Time from the arrival of a whole request until it is answered 503, if nobody has acked it. Keep it below the time limit of the sender.',
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

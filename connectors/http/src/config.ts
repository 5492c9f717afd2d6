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

/** Settings of `http-rest`. */
export const RestSettings = Type.Object(
  {
    url: Type.String({
      pattern: '^[Hh][Tt][Tt][Pp][Ss]?://',
      description: 'Where to send, http or https, without user name and password.',
    }),
    method: Type.Enum(['POST', 'PUT', 'PATCH', 'DELETE', 'GET'], {
      default: 'POST',
      description: 'Method of the request. GET sends no payload.',
    }),
    headers: Type.Record(Type.String(), Type.String(), {
      default: {},
      description:
        "Headers of every request; they win over the connector's own. Those that concern the connection (Host, Content-Length, Connection, …) are left out.",
    }),
    timeoutMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3_600_000,
        description: 'Longest time for one request and its answer. Default: the config’s timeout.',
      }),
    ),
    ssrf: Type.Object(
      {
        allowPrivate: Type.Boolean({
          default: false,
          description: 'Also reach loopback, private, link-local and other non-public addresses.',
        }),
      },
      { ...closed, default: {}, description: 'Which addresses may be reached.' },
    ),
    maxConnections: Type.Integer({
      default: 32,
      minimum: 1,
      maximum: 1000,
      description: 'Connections open at once; further requests wait for one.',
    }),
    response: Type.Object(
      {
        maxBytes: Type.Integer({
          default: 65_536,
          minimum: 0,
          maximum: 15 * MIB,
          description: 'Largest answer that is handed back; a larger one is left out.',
        }),
      },
      { ...closed, default: {}, description: 'What is done with the answer.' },
    ),
  },
  closed,
);
export type RestSettings = Static<typeof RestSettings>;

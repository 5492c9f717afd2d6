import { type Static, Type } from 'typebox';

const MIB = 1024 * 1024;
const closed = { additionalProperties: false };

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

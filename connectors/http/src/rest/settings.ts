import { ProbeSetting } from '@vrsky/runtime/plugin';
import { type Static, Type } from 'typebox';
import { AuthSettings } from './auth/settings.ts';
import { circuitSettings } from './circuit-settings.ts';
import { HealthCheckSettings } from './health-check.ts';
import { StatusRange } from './status-range.ts';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const closed = { additionalProperties: false };

/** Settings of `http-rest`. */
export const RestSettings = Type.Object(
  {
    url: Type.String({
      minLength: 1,
      description:
        'Where to send, http or https, without user name and password. May have placeholders, in the host only with `allowedHosts`.',
    }),
    allowedHosts: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description:
          'The hosts that placeholders in the host of `url` may lead to, as `name` or `name:port`.',
      }),
    ),
    method: Type.Enum(['POST', 'PUT', 'PATCH', 'DELETE', 'GET'], {
      default: 'POST',
      description: 'Method of the request. GET sends no payload.',
    }),
    query: Type.Record(Type.String(), Type.String(), {
      default: {},
      description: 'Parameters that are added to the query of `url`. May have placeholders.',
    }),
    headers: Type.Record(Type.String(), Type.String(), {
      default: {},
      description:
        "Headers of every request; they win over the connector's own, but not over `auth`. May have placeholders. Those that concern the connection (Host, Content-Length, Connection, …) are left out.",
    }),
    forwardHeaders: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Headers of the message, in lower case, that are sent on where it has them. `headers` wins.',
    }),
    auth: AuthSettings,
    probe: Type.Boolean({
      ...ProbeSetting,
      description:
        'Whether Validate and Connect reach the endpoint; Validate at most once in 30 s for the same account.',
    }),
    healthCheck: Type.Optional(HealthCheckSettings),
    timeoutMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: HOUR_MS,
        description: 'Longest time for one request and its answer. Default: the config’s timeout.',
      }),
    ),
    timeouts: Type.Object(
      {
        connectMs: Type.Integer({
          default: 10_000,
          minimum: 1,
          maximum: HOUR_MS,
          description: 'Longest time to establish a connection.',
        }),
        headersMs: Type.Integer({
          default: 0,
          minimum: 0,
          maximum: HOUR_MS,
          description:
            'Longest wait for the head of the answer, to the second; 0 = only `timeoutMs` counts.',
        }),
        bodyMs: Type.Integer({
          default: 0,
          minimum: 0,
          maximum: HOUR_MS,
          description: 'Longest silence within the answer, likewise.',
        }),
      },
      { ...closed, default: {}, description: 'Limits within `timeoutMs`.' },
    ),
    ssrf: Type.Object(
      {
        allowPrivate: Type.Boolean({
          default: false,
          description: 'Also reach loopback, private, link-local and other non-public addresses.',
        }),
        allowCidrs: Type.Array(Type.String(), {
          default: [],
          description:
            'Non-public networks that may be reached nevertheless, such as `10.1.0.0/16`.',
        }),
        denyCidrs: Type.Array(Type.String(), {
          default: [],
          description: 'Networks that may never be reached; stronger than the other two.',
        }),
      },
      { ...closed, default: {}, description: 'Which addresses may be reached.' },
    ),
    successStatus: Type.Array(StatusRange, {
      default: ['200-299'],
      minItems: 1,
      description:
        'Statuses that mean success: `409` may be one, where it says "I have it already".',
    }),
    retryStatus: Type.Array(StatusRange, {
      default: [],
      description: 'Statuses to try again besides 408, 425, 429 and 5xx other than 501 and 505.',
    }),
    maxConnections: Type.Integer({
      default: 32,
      minimum: 1,
      maximum: 1000,
      description: 'Connections open at once to one host; further requests wait for one.',
    }),
    circuitBreaker: circuitSettings,
    batch: Type.Object(
      {
        mode: Type.Enum(['none', 'json-array', 'ndjson'], {
          default: 'none',
          description:
            'Send what the host has ready together: payloads, which must be JSON, as one JSON array or one a line. Messages of different customers, or whose URL or headers differ, never share a request.',
        }),
        maxCount: Type.Integer({
          default: 100,
          minimum: 1,
          maximum: 256,
          description: 'Most messages in one request.',
        }),
        maxBytes: Type.Integer({
          default: MIB,
          minimum: 1,
          maximum: 15 * MIB,
          description: 'Most bytes of payload in one request; a larger message goes alone.',
        }),
        lingerMs: Type.Integer({
          default: 0,
          minimum: 0,
          maximum: 60_000,
          description: 'How long a message may wait for others that come later; 0 = not at all.',
        }),
      },
      { ...closed, default: {}, description: 'One request for several messages.' },
    ),
    response: Type.Object(
      {
        maxBytes: Type.Integer({
          default: 65_536,
          minimum: 0,
          maximum: 15 * MIB,
          description: 'Largest answer that is handed back; a larger one is left out.',
        }),
        maxHeaderBytes: Type.Integer({
          default: 16_384,
          minimum: 1024,
          maximum: MIB,
          description: 'Largest head of an answer; a larger one is a failure.',
        }),
        messageIdHeader: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'Header of the answer whose value becomes the message id of the receipt.',
          }),
        ),
        messageIdPointer: Type.Optional(
          Type.String({
            pattern: '^/',
            description:
              'Likewise, a JSON Pointer into the answer, such as `/order/id`. In a batch whose answer is an array as long: into the entry of each message.',
          }),
        ),
      },
      { ...closed, default: {}, description: 'What is done with the answer.' },
    ),
  },
  closed,
);
export type RestSettings = Static<typeof RestSettings>;

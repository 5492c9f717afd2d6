import { type Static, type TSchemaOptions, Type } from 'typebox';
import { AuthSettings } from './auth/settings.ts';

export const MIB: number = 1024 * 1024;
export const closed = { additionalProperties: false };
const HEADER = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";
const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET'] as const;
export const NETWORKS =
  'Addresses or networks, v4 or v6: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`';

/** What holds for the whole webhook, and what a route may have instead. */
export const perRoute = {
  auth: (more: TSchemaOptions) =>
    Type.Object(AuthSettings.properties, {
      ...closed,
      description:
        'How senders prove who they are: every scheme that is named must be fulfilled. Empty: by nothing.',
      ...more,
    }),
  ackMode: (more: TSchemaOptions) =>
    Type.Enum(['stored', 'received', 'result'], {
      description:
        'When a request is answered 2xx. `stored`: when the host has the message safe. `received`: at once, so that a crash may lose it. `result`: when the host has its result, and 502 if it has given the message up. A reply of the host is passed on, but with `received`.',
      ...more,
    }),
  success: (more: TSchemaOptions) =>
    Type.Object(
      {
        status: Type.Integer({ default: 202, minimum: 200, maximum: 299, description: 'Status.' }),
        body: Type.String({ default: '', description: 'Body.' }),
        headers: Type.Record(Type.String(), Type.String(), {
          default: {},
          description: 'Headers, such as `content-type`.',
        }),
      },
      { ...closed, description: 'The answer when the host gives none of its own.', ...more },
    ),
  bodyLimitBytes: (more: TSchemaOptions) =>
    Type.Integer({
      minimum: 1,
      maximum: 15 * MIB,
      description: 'Largest body; above: 413.',
      ...more,
    }),
  contentTypes: (more: TSchemaOptions) =>
    Type.Array(Type.String({ pattern: '^([^/*\\s;]+/([^/*\\s;]+|\\*)|\\*/\\*)$' }), {
      minItems: 1,
      description: 'Content types taken, such as `application/json` or `text/*`; others: 415.',
      ...more,
    }),
  ipAllow: (more: TSchemaOptions) =>
    Type.Array(Type.String({ minLength: 1 }), {
      description: `Who may call: ${NETWORKS}. Empty: everybody. Others: 403.`,
      ...more,
    }),
  ipDeny: (more: TSchemaOptions) =>
    Type.Array(Type.String({ minLength: 1 }), {
      description: `Who may not call, also out of \`ipAllow\`: ${NETWORKS}.`,
      ...more,
    }),
};

/** Those without which there is none, or another for each sender: no defaults. */
export const perRouteOptional = {
  ackTimeoutMs: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 3_600_000,
      description:
        'Time from the arrival of a whole request until it is answered 503, if nobody has acked it. Keep it below the time limit of the sender. Default: 10000; with `slack` 2500, `shopify` 4500, `github` 9000.',
    }),
  ),
  eventId: Type.Optional(
    Type.Object(
      {
        header: Type.Optional(Type.String({ pattern: HEADER, description: 'Header with the id.' })),
        jsonPointer: Type.Optional(
          Type.String({ pattern: '^/', description: 'Where it is in a JSON body: `/event/id`.' }),
        ),
      },
      {
        ...closed,
        minProperties: 1,
        maxProperties: 1,
        description:
          'Where the sender tells the id of the event, which stays the same when it sends it again. It becomes the message id. Default: as the scheme in `auth` has it, or the header `webhook-id`.',
      },
    ),
  ),
  rateLimit: Type.Optional(
    Type.Object(
      {
        max: Type.Integer({ minimum: 1, description: 'Requests per window; more: 429.' }),
        windowMs: Type.Integer({
          default: 60_000,
          minimum: 1,
          maximum: 3_600_000,
          description: 'Length of a window.',
        }),
        key: Type.String({
          default: 'ip',
          pattern: HEADER,
          description:
            'What is counted by: `ip` (v6 by its /64), `route`, or the name of a header, which is to be one that a trusted proxy sets.',
        }),
      },
      { ...closed, description: 'How often may be called. Default: no limit.' },
    ),
  ),
};

export const RouteSettings = Type.Object(
  {
    path: Type.String({
      pattern: '^(/|\\*$)',
      description: 'Path, with parameters and a wildcard: `/webhooks/:source/*`.',
    }),
    methods: Type.Array(Type.Enum([...METHODS]), {
      default: ['POST'],
      minItems: 1,
      description: 'Methods taken on this path; others are answered 405.',
    }),
    auth: Type.Optional(perRoute.auth({})),
    ackMode: Type.Optional(perRoute.ackMode({})),
    success: Type.Optional(perRoute.success({})),
    bodyLimitBytes: Type.Optional(perRoute.bodyLimitBytes({})),
    contentTypes: Type.Optional(perRoute.contentTypes({})),
    ipAllow: Type.Optional(perRoute.ipAllow({})),
    ipDeny: Type.Optional(perRoute.ipDeny({})),
    ...perRouteOptional,
  },
  closed,
);
export type RouteSettings = Static<typeof RouteSettings>;

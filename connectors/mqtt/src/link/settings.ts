import { ProbeSetting } from '@vrsky/runtime/plugin';
import { type Static, Type } from 'typebox';

const MIB = 1024 * 1024;
export const closed = { additionalProperties: false };

export const qos = (description: string) =>
  Type.Integer({ default: 1, minimum: 0, maximum: 2, description });

/** Settings of the connection to the broker, which both directions have. */
export const linkSettings = {
  probe: ProbeSetting,
  brokers: Type.Array(
    Type.String({
      pattern: '^(mqtts?|wss?)://',
      description: 'such as mqtts://broker.example:8883',
    }),
    {
      minItems: 1,
      description:
        'Brokers of one cluster, tried in turn: `mqtt://`, `mqtts://`, `ws://` or `wss://`, with host and port. The path of a WebSocket is `/mqtt` unless another is given.',
    },
  ),
  protocolVersion: Type.Enum([5, 4], {
    default: 5,
    description: 'Version of MQTT: 5, or 4 for 3.1.1.',
  }),
  clientId: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description:
        'Client id, which names the session at the broker. No two clients may have the same. Default: the id of the connection.',
    }),
  ),
  keepaliveSeconds: Type.Integer({
    default: 30,
    minimum: 1,
    maximum: 65_535,
    description: 'A broker that is silent for 1.5 times as long counts as dead.',
  }),
  connectTimeoutMs: Type.Integer({
    default: 10_000,
    minimum: 1,
    maximum: 600_000,
    description: 'Longest time for one attempt to connect, subscriptions included.',
  }),
  reconnect: Type.Object(
    {
      initialMs: Type.Integer({
        default: 500,
        minimum: 10,
        description: 'Wait before the first attempt.',
      }),
      maxMs: Type.Integer({ default: 30_000, minimum: 10, description: 'Longest wait.' }),
      multiplier: Type.Number({
        default: 2,
        minimum: 1,
        description: 'Factor from one wait to the next.',
      }),
      jitter: Type.Number({
        default: 0.3,
        minimum: 0,
        maximum: 1,
        description: 'Share of a wait that is random, so that clients do not come all at once.',
      }),
    },
    {
      ...closed,
      default: {},
      description:
        'Waits between attempts after the connection was lost. They begin anew when a connection has lasted 20 times `initialMs`.',
    },
  ),
  will: Type.Optional(
    Type.Object(
      {
        topic: Type.String({ minLength: 1, description: 'Topic of the will.' }),
        payload: Type.String({ default: '', description: 'Its payload, as text.' }),
        qos: qos('Its QoS.'),
        retain: Type.Boolean({ default: false, description: 'Whether the broker keeps it.' }),
        contentType: Type.Optional(Type.String({ description: 'Its content type (MQTT 5).' })),
        delaySeconds: Type.Optional(
          Type.Integer({ minimum: 0, description: 'How long the broker waits with it (MQTT 5).' }),
        ),
        expirySeconds: Type.Optional(
          Type.Integer({ minimum: 0, description: 'Its message expiry (MQTT 5).' }),
        ),
        userProperties: Type.Record(Type.String(), Type.String(), {
          default: {},
          description: 'Its user properties (MQTT 5).',
        }),
      },
      {
        ...closed,
        description: 'What the broker publishes when this client is lost, but not when it leaves.',
      },
    ),
  ),
  birth: Type.Optional(
    Type.Object(
      {
        topic: Type.String({ minLength: 1, description: 'Topic of the birth message.' }),
        payload: Type.String({ default: '', description: 'Its payload, as text.' }),
        qos: qos('Its QoS.'),
        retain: Type.Boolean({ default: false, description: 'Whether the broker keeps it.' }),
      },
      { ...closed, description: 'What is published each time the connection is up.' },
    ),
  ),
  maximumPacketSize: Type.Integer({
    default: MIB,
    minimum: 1024,
    maximum: 15 * MIB,
    description:
      'Largest packet taken from the broker, in bytes. It is told so (MQTT 5); one that sends more loses the connection.',
  }),
  tls: Type.Object(
    {
      servername: Type.Optional(
        Type.String({
          minLength: 1,
          description: 'Name that the certificate must have. Default: the host of the broker.',
        }),
      ),
      alpn: Type.Array(Type.String({ minLength: 1 }), {
        default: [],
        description: 'Protocols to ask for, such as `x-amzn-mqtt-ca`.',
      }),
      minVersion: Type.Enum(['TLSv1.2', 'TLSv1.3'], {
        default: 'TLSv1.2',
        description: 'Oldest version of TLS.',
      }),
    },
    { ...closed, default: {}, description: 'For `mqtts://` and `wss://`.' },
  ),
  websocket: Type.Object(
    {
      headers: Type.Record(Type.String(), Type.String(), {
        default: {},
        description: 'Headers of the request that opens the WebSocket.',
      }),
    },
    { ...closed, default: {}, description: 'For `ws://` and `wss://`.' },
  ),
  jwtSecret: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'Name of the secret that holds a JSON Web Token. The host is asked for it before each attempt to connect, and it is sent as the password.',
    }),
  ),
};

const LinkSettingsSchema = Type.Object(linkSettings);

/** What both directions know of their connection; the defaults of these two differ between them. */
export type LinkSettings = Static<typeof LinkSettingsSchema> & {
  readonly cleanStart: boolean;
  readonly sessionExpirySeconds: number;
};

/** The session's settings with a direction's own defaults. */
export const sessionSettings = (cleanStart: boolean, sessionExpirySeconds: number) => ({
  cleanStart: Type.Boolean({
    default: cleanStart,
    description: 'Begin without what the broker has kept for this client (each time, with 3.1.1).',
  }),
  sessionExpirySeconds: Type.Integer({
    default: sessionExpirySeconds,
    minimum: 0,
    maximum: 0xff_ff_ff_ff,
    description:
      'How long the broker keeps the session without a connection (MQTT 5); 4294967295 = for ever.',
  }),
});

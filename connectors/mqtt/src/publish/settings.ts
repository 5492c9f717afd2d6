import { type Static, Type } from 'typebox';
import { closed, linkSettings, qos, sessionSettings } from '../link/settings.ts';

/** Settings of `mqtt-publish`. */
export const PublishSettings = Type.Object(
  {
    ...linkSettings,
    ...sessionSettings(true, 0),
    topic: Type.String({
      minLength: 1,
      description:
        'Topic, with parts from the message: `devices/{{headers.device}}/{{metadata.tenantId}}`. A value that holds `/` needs `{{headers.device|path}}`.',
    }),
    qos: qos('QoS of each message. Only 1 and 2 tell whether the broker has it.'),
    retain: Type.Boolean({
      default: false,
      description: 'Whether the broker keeps the last message of each topic.',
    }),
    messageExpirySeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 0xff_ff_ff_ff,
        description: 'How long the broker may keep a message for others (MQTT 5).',
      }),
    ),
    responseTopic: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Where answers are expected, with parts from the message (MQTT 5).',
      }),
    ),
    forwardHeaders: Type.Boolean({
      default: true,
      description:
        'Send the headers of the message as user properties, those of `mqtt.` excepted (MQTT 5).',
    }),
    userProperties: Type.Record(Type.String(), Type.String(), {
      default: {},
      description: 'User properties of every message; they win over headers (MQTT 5).',
    }),
    topicAlias: Type.Enum(['off', 'auto'], {
      default: 'off',
      description: 'Abbreviate topics that come again, if the broker allows it (MQTT 5).',
    }),
    maxInFlight: Type.Integer({
      default: 64,
      minimum: 1,
      maximum: 1024,
      description:
        'Messages under way to the broker at once; fewer if its Receive Maximum is lower.',
    }),
    timeoutMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3_600_000,
        description:
          'Longest time until the broker has taken a message. Default: the config’s timeout.',
      }),
    ),
    noMatchingSubscribers: Type.Enum(['ok', 'error'], {
      default: 'ok',
      description: 'Whether a message that nobody has subscribed to counts as sent (MQTT 5).',
    }),
    offline: Type.Enum(['wait', 'fail'], {
      default: 'wait',
      description:
        'Without a connection a message waits for one within its time, or fails at once.',
    }),
  },
  closed,
);
export type PublishSettings = Static<typeof PublishSettings>;

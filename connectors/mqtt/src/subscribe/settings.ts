import { type Static, Type } from 'typebox';
import { closed, linkSettings, qos, sessionSettings } from '../link/settings.ts';

const MIB = 1024 * 1024;

/** Settings of `mqtt-subscribe`. */
export const SubscribeSettings = Type.Object(
  {
    ...linkSettings,
    ...sessionSettings(false, 86_400),
    subscriptions: Type.Array(
      Type.Object(
        {
          filter: Type.String({
            minLength: 1,
            description: 'Topic filter: `orders/+/new`, `plant/#`.',
          }),
          qos: qos('Highest QoS of its messages. Only 1 and 2 lose nothing.'),
          noLocal: Type.Boolean({
            default: false,
            description: 'Leave out what this client published (MQTT 5).',
          }),
          retainAsPublished: Type.Boolean({
            default: true,
            description: 'Keep the retain flag as it was published (MQTT 5).',
          }),
          retainHandling: Type.Integer({
            default: 0,
            minimum: 0,
            maximum: 2,
            description:
              'Retained messages are sent at each subscription (0), at a new one (1), never (2) (MQTT 5).',
          }),
          subscriptionId: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 268_435_455,
              description: 'Comes back as `mqtt.subscription_ids` (MQTT 5).',
            }),
          ),
        },
        closed,
      ),
      { minItems: 1, description: 'What to receive.' },
    ),
    sharedGroup: Type.Optional(
      Type.String({
        pattern: '^[^/+#]+$',
        description:
          'Name of the group that shares the messages: each goes to one of its members (`$share/GROUP/FILTER`).',
      }),
    ),
    maxInFlight: Type.Integer({
      default: 100,
      minimum: 1,
      maximum: 1024,
      description:
        'Messages held at once. The broker is told so as Receive Maximum (MQTT 5); above, nothing more is read.',
    }),
    maxInFlightBytes: Type.Integer({
      default: 32 * MIB,
      minimum: 1,
      description: 'Payload bytes held at once; above, nothing more is read.',
    }),
    qos0Overflow: Type.Enum(['drop-newest', 'drop-oldest', 'pause'], {
      default: 'drop-newest',
      description:
        'What happens to messages of QoS 0 when too many are held. Those of QoS 1 and 2 are never dropped.',
    }),
    ackOrder: Type.Enum(['in-order', 'any'], {
      default: 'in-order',
      description:
        'Acknowledge in the order of arrival, as MQTT wants it, or as the host does: one message that waits for a retry then holds up no other.',
    }),
    topicPattern: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Names levels of the topic, such as `devices/{deviceId}/{kind}`, which become `mqtt.param.deviceId`; `+` and a last `#` match without a name.',
      }),
    ),
    retained: Type.Enum(['deliver', 'skip'], {
      default: 'deliver',
      description: 'Whether messages that the broker has kept are received at the subscription.',
    }),
    defaultContentType: Type.String({
      default: 'application/octet-stream',
      minLength: 1,
      description: 'Content type of messages that have none.',
    }),
    drainTimeoutMs: Type.Integer({
      default: 10_000,
      minimum: 0,
      maximum: 600_000,
      description: 'Longest wait at Disconnect for messages that the host has in hand.',
    }),
  },
  closed,
);
export type SubscribeSettings = Static<typeof SubscribeSettings>;

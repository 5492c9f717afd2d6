import * as fc from 'fast-check';
import mqttPacket, { type IPublishPacket, type Packet } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import type { OutboundProperties, OutboundPublish, Qos } from '../src/link/packets.ts';
import { encodePublish } from '../src/link/publish-packet.ts';

/** Always the same cases, so that a change is judged by what it changes; another seed explores. */
const OPTIONS = { seed: 20261127, numRuns: 500 };
const MOST_TEXT = 65_535;

/** Also of nothing but characters that take three bytes, the most for one unit of UTF-16. */
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constant('€') }));
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const name = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'length', '7'), text);
const userProperties = fc.array(fc.tuple(name, text), { maxLength: 8 }).map(fromPairs);
const packetId = fc.integer({ min: 1, max: 0xff_ff });

/** In the order in which they are written. */
const properties: fc.Arbitrary<OutboundProperties> = fc.record(
  {
    userProperties,
    contentType: text,
    responseTopic: text,
    correlationData: bytes,
    messageExpiryInterval: fc.integer({ min: 0, max: 0xff_ff_ff_ff }),
    topicAlias: fc.integer({ min: 1, max: 0xff_ff }),
  },
  { requiredKeys: [] },
);

const anyQos = fc.constantFrom<Qos>(0, 1, 2);
const plain = { topic: text, payload: bytes, qos: anyQos, retain: fc.boolean() };
const ofVersion4 = fc.record<OutboundPublish>(plain);
const ofVersion5 = fc.record(
  { ...plain, properties },
  { requiredKeys: ['topic', 'payload', 'qos', 'retain'] },
);

const small: OutboundPublish = { topic: 't', payload: Buffer.from('p'), qos: 0, retain: false };
const smallWith = (given: OutboundProperties): OutboundPublish => ({ ...small, properties: given });

describe.each([
  [4, ofVersion4],
  [5, ofVersion5],
] as const)('a PUBLISH of protocol version %i', (version, messages) => {
  test('is read by mqtt-packet as what it was made of', () => {
    fc.assert(
      fc.property(messages, packetId, (message, id) => {
        const read = parsed(encodePublish(message, id, version), version);
        expect(read).toMatchObject({ cmd: 'publish', dup: false });
        expect(read.messageId).toBe(message.qos > 0 ? id : undefined);
        expect(comparable(read)).toEqual(comparable(message));
      }),
      OPTIONS,
    );
  });

  test('has the bytes that mqtt-packet gives it', () => {
    fc.assert(
      fc.property(messages, packetId, (message, id) => {
        expect(encodePublish(message, id, version)).toEqual(generated(message, id, version));
      }),
      OPTIONS,
    );
  });

  test.each([127, 128, 16_383, 16_384, 2_097_151, 2_097_152])(
    'says that %i bytes follow',
    (remaining) => {
      const others = encodePublish({ ...small, payload: Buffer.alloc(0) }, 0, version).length - 2;
      const message = { ...small, payload: Buffer.alloc(remaining - others, 'p') };
      const packet = encodePublish(message, 0, version);
      expect(parsed(packet, version)).toMatchObject({ length: remaining });
      expect(packet.equals(generated(message, 0, version))).toBe(true);
    },
  );
});

test.each([127, 128, 16_383, 16_384])('says that its properties have %i bytes', (length) => {
  const message = smallWith({ contentType: 'x'.repeat(length - 3) });
  const packet = encodePublish(message, 0, 5);
  expect(comparable(parsed(packet, 5))).toEqual(comparable(message));
  expect(packet.equals(generated(message, 0, 5))).toBe(true);
});

describe.each<[string, (long: string) => OutboundPublish]>([
  ['topic', (topic) => ({ ...small, topic })],
  ['content type', (contentType) => smallWith({ contentType })],
  ['response topic', (responseTopic) => smallWith({ responseTopic })],
  ['correlation', (long) => smallWith({ correlationData: Buffer.from(long) })],
  ['name of a user property', (long) => smallWith({ userProperties: { [long]: '' } })],
  ['user property', (long) => smallWith({ userProperties: { name: long } })],
])('a %s', (_name, messageWith) => {
  // In UTF-8 as many bytes as may be, with a third of the characters.
  test.each(['x'.repeat(MOST_TEXT), '€'.repeat(MOST_TEXT / 3)])(
    'of 65,535 bytes is sent',
    (long) => {
      const message = messageWith(long);
      expect(comparable(parsed(encodePublish(message, 0, 5), 5))).toEqual(comparable(message));
    },
  );

  test.each(['x'.repeat(MOST_TEXT + 1), `${'€'.repeat(MOST_TEXT / 3)}x`])(
    'of 65,536 bytes is refused',
    (long) => {
      expect(() => encodePublish(messageWith(long), 0, 5)).toThrow(RangeError);
    },
  );
});

/** As the connector makes them: without a prototype, so that `__proto__` is a name as any other. */
function fromPairs(pairs: [string, string][]): Record<string, string> {
  const made: Record<string, string> = Object.create(null);
  for (const [key, value] of pairs) made[key] = value;
  return made;
}

/** The one packet that the bytes are. */
function parsed(packet: Buffer, protocolVersion: 4 | 5): IPublishPacket {
  const read: Packet[] = [];
  const parser = mqttPacket.parser({ protocolVersion });
  parser.on('packet', (one) => read.push(one));
  expect(parser.parse(packet), 'bytes left').toBe(0);
  expect(read).toHaveLength(1);
  return read[0] as IPublishPacket;
}

function generated(message: OutboundPublish, messageId: number, protocolVersion: 4 | 5): Buffer {
  const { userProperties: user, ...others } = message.properties ?? {};
  // mqtt-packet writes nothing at all for a list of user properties that is empty.
  const some =
    user && Object.keys(user).length > 0 ? { userProperties: { ...user }, ...others } : others;
  const packet = { cmd: 'publish', dup: false, messageId, ...message, properties: some } as const;
  return mqttPacket.generate(packet, { protocolVersion });
}

function comparable({
  topic,
  payload,
  qos,
  retain,
  properties: given,
}: OutboundPublish | IPublishPacket) {
  const { userProperties: user = {}, ...others } = given ?? {};
  return { topic, payload, qos, retain, user: Object.entries(user), ...others };
}

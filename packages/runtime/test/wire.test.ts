import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { MessageSchema } from '../src/gen/vrsky/connector/v1/message_pb.ts';
import { configFromWire, configToWire } from '../src/wire/config.ts';
import { messageFromWire, messageToWire } from '../src/wire/message.ts';
import {
  durationFromWire,
  durationToWire,
  instantFromWire,
  instantToWire,
} from '../src/wire/time.ts';
import { configOf } from './fixtures/launch.ts';

describe('times keep their nanoseconds', () => {
  test.each([
    '2026-11-23T06:12:34.490970123Z',
    '1969-12-31T23:59:59.999999999Z',
    '1970-01-01T00:00:00Z',
  ])('instant %s', (text) => {
    const instant = Temporal.Instant.from(text);
    const wire = instantToWire(instant);
    expect(wire.nanos).toBeGreaterThanOrEqual(0);
    expect(instantFromWire(wire)?.toString()).toBe(instant.toString());
  });
  test.each(['PT0S', 'PT1.000000001S', 'PT36H0.5S', '-PT1.5S'])('duration %s', (text) => {
    const duration = Temporal.Duration.from(text);
    const back = durationFromWire(durationToWire(duration));
    expect(Temporal.Duration.compare(back, duration)).toBe(0);
  });
});

test('a message keeps every field, byte for byte', () => {
  const message = {
    id: 'id-1',
    payload: Buffer.from([0, 255, 254, 128]),
    contentType: 'application/octet-stream',
    metadata: {
      customerId: 'c',
      tenantId: 't',
      integrationId: 'i',
      source: 's',
      destination: 'd',
      correlationId: 'co',
      traceId: 'tr',
    },
    headers: { 'x-a': '1', '': 'empty' },
    timestamp: Temporal.Instant.from('2026-11-23T06:12:34.490970123Z'),
  };
  const bytes = toBinary(MessageSchema, messageToWire(message));
  const back = messageFromWire(fromBinary(MessageSchema, bytes));
  expect({ ...back, payload: [...back.payload], timestamp: back.timestamp?.toString() }).toEqual({
    ...message,
    payload: [...message.payload],
    timestamp: message.timestamp.toString(),
  });
});

test('an absent timestamp stays absent', () => {
  expect(messageFromWire(create(MessageSchema)).timestamp).toBeUndefined();
});

test('a configuration keeps every field', () => {
  const config = configOf(
    'memory-in',
    { port: 8080, nested: { list: [1, 'two', null, true] } },
    { credentials: { key: 'v' }, timeout: Temporal.Duration.from({ milliseconds: 1500 }) },
  );
  const back = configFromWire(configToWire(config));
  expect({ ...back, timeout: back.timeout.total('milliseconds') }).toMatchObject({
    settings: config.settings,
    credentials: config.credentials,
    timeout: 1500,
    type: 'memory-in',
  });
});

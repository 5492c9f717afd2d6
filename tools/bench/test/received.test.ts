import type { Message } from '@vrsky/runtime';
import { expect, test } from 'vitest';
import { messageParts, payloadOf } from '../src/message.ts';
import { Received } from '../ts-host/check.ts';

const message = (number: number, payloadBytes = 10): Message => ({
  ...messageParts(number, payloadOf(payloadBytes)),
  timestamp: Temporal.Now.instant(),
});

test('our host takes each message of the benchmark once', () => {
  const received = new Received(10);
  received.check(message(1));
  received.check(message(0));
  expect(() => received.check(message(1))).toThrow('came twice');
});

test.each<[string, Message, string]>([
  ['another payload', message(0, 9), 'a payload of 9 bytes, expected 10'],
  ['a foreign id', { ...message(0), id: 'else' }, 'not the id of a message of the benchmark'],
  ['other headers', { ...message(0), headers: {} }, "another message than the benchmark's"],
  ['no time', { ...message(0), timestamp: undefined }, "another message than the benchmark's"],
])('our host refuses a message with %s', (_, wrong, complaint) => {
  expect(() => new Received(10).check(wrong)).toThrow(complaint);
});

import { PluginError } from '@vrsky/runtime';
import { describe, expect, test } from 'vitest';
import { MalformedError } from '../../src/hot-path/codec/malformed.ts';
import { sendStreamResponse } from '../../src/hot-path/codec/streams.ts';
import { sendResponse } from '../../src/hot-path/codec/unary.ts';
import { delimited, varint } from './fixtures/arbitrary-wire.ts';
import { comparable, WIRE_TYPES } from './fixtures/calls.ts';

const PREFIX_BYTES = 5;

test('a message is whole wherever the memory it is written to ends', () => {
  // Tens of megabytes, in steps that meet every place of a block's end. The entry is as long as fits behind one
  // byte of length, and every letter has three bytes.
  const headers = { ['€'.repeat(40)]: '€' };
  for (let i = 0; i < 150_000; i++) {
    const bytes = Buffer.concat(
      sendResponse.encode({
        messageId: 'a'.repeat((i * i) % 101),
        headers,
        payload: new Uint8Array(),
      }),
    );
    const read = sendResponse.decode(bytes.subarray(PREFIX_BYTES));
    if (read?.messageId.length !== (i * i) % 101 || read.headers['€'.repeat(40)] !== '€') {
      expect.fail(`message ${i} is ${JSON.stringify(read)}`);
    }
  }
});

test('a large payload is not copied', () => {
  const payload = new Uint8Array(16 * 1024).fill(1);
  const parts = sendResponse.encode({ messageId: 'a', headers: {}, payload });
  expect(parts.some((part) => part === payload)).toBe(true);
});

test('what cannot be encoded fails, and what is encoded next is whole', () => {
  const results = [{ seq: 0n, outcome: undefined }];
  const attempt = (): unknown => sendStreamResponse.encode({ maxInFlight: 1.5, results });
  expect(attempt).toThrow(RangeError);
  const error = new PluginError('SEND_FAILED', 'late', { retryAfterMs: Number.POSITIVE_INFINITY });
  expect(() =>
    sendStreamResponse.encode({ maxInFlight: 0, results: [{ seq: 1n, outcome: error }] }),
  ).toThrow(RangeError);
  const bytes = Buffer.concat(sendStreamResponse.encode({ maxInFlight: 7, results }));
  expect(sendStreamResponse.decode(bytes.subarray(PREFIX_BYTES))).toEqual({
    maxInFlight: 7,
    results,
  });
});

describe.each(WIRE_TYPES)('$name', ({ codec }) => {
  test.each([
    ['a length of 4 GiB', Buffer.from([10, 0xff, 0xff, 0xff, 0xff, 0x0f])],
    ['a length of 2^63', Buffer.concat([Buffer.from([10]), varint(2n ** 63n)])],
    ['a number of 11 bytes', Buffer.from([...Array(11).fill(0xff), 1])],
    ['a number of more than 64 bits', Buffer.from([8, ...Array(9).fill(0xff), 2])],
    ['the field number 0', Buffer.from([2, 0])],
    ['a wire type that there is not', Buffer.from([15, 0])],
    ['the end of a group that did not begin', Buffer.from([12])],
    ['a group without an end', Buffer.from([11, 8, 1])],
    ['groups that are nested 100,000 times', Buffer.alloc(100_000, 11)],
  ])('with %s is malformed', (_, bytes) => {
    expect(() => codec.decode(bytes)).toThrow(MalformedError);
  });

  test('with a known field of another wire type has one more unknown field, as in Go', () => {
    const number = Buffer.from([(1 << 3) | 5, 1, 2, 3, 4]);
    expect(comparable(codec.decode(number))).toEqual(comparable(codec.decode(Buffer.alloc(0))));
  });
});

test('a nested message that comes half a million times is merged in the time of its bytes', () => {
  const parts = Array.from({ length: 500_000 }, (_, i) =>
    delimited(1, delimited(1, Buffer.from(`${i}`))),
  );
  expect(sendResponse.decode(Buffer.concat(parts))).toMatchObject({ messageId: '499999' });
});

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedError } from '../../src/hot-path/codec/malformed.ts';
import { ARBITRARY_VALUES } from './fixtures/arbitrary-values.ts';
import { arbitraryWire } from './fixtures/arbitrary-wire.ts';
import { comparable, WIRE_TYPES } from './fixtures/calls.ts';

/** Always the same cases, so that a change is judged by what it changes; another seed explores. */
const OPTIONS = { seed: 20261126, numRuns: 300 };
const PREFIX_BYTES = 5;

describe.each(WIRE_TYPES)('$name', ({ name, schema, codec, fromWire, toWire }) => {
  const values = ARBITRARY_VALUES[name] ?? fc.constant(undefined);
  const encoded = (value: unknown): Buffer => Buffer.concat(codec.encode(value));
  const message = (value: unknown): Buffer => encoded(value).subarray(PREFIX_BYTES);

  test('that we write is read by protobuf-es', () => {
    fc.assert(
      fc.property(values, (value) => {
        const read = fromWire(fromBinary(schema, message(value)));
        const wanted = fromWire(fromBinary(schema, toBinary(schema, toWire(value))));
        expect(comparable(read)).toEqual(comparable(wanted));
      }),
      OPTIONS,
    );
  });

  test('that protobuf-es writes is read by us', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = Buffer.from(toBinary(schema, toWire(value)));
        expect(comparable(codec.decode(bytes))).toEqual(
          comparable(fromWire(fromBinary(schema, bytes))),
        );
      }),
      OPTIONS,
    );
  });

  test('has a prefix with its length, and is written again and again', () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 3 }), (several) => {
        // All are written before any is read: they share no bytes.
        const frames = several.map((value) => codec.encode(value));
        frames.forEach((frame, i) => {
          const bytes = Buffer.concat(frame);
          expect(bytes[0]).toBe(0);
          expect(bytes.readUInt32BE(1)).toBe(bytes.length - PREFIX_BYTES);
          expect(bytes).toEqual(encoded(several[i]));
        });
      }),
      { ...OPTIONS, numRuns: 50 },
    );
  });

  test('in any form that Protobuf allows is read as by protobuf-es, or refused as there', () => {
    fc.assert(
      fc.property(arbitraryWire(schema), (bytes) => {
        const wanted = attempt(() => fromWire(fromBinary(schema, bytes)));
        const read = attempt(() => codec.decode(bytes));
        if (wanted instanceof Error) expect(read).toBeInstanceOf(MalformedError);
        else expect(comparable(read)).toEqual(comparable(wanted));
      }),
      { ...OPTIONS, numRuns: 1000 },
    );
  });

  test('that was damaged is read or refused as malformed, and nothing else', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.nat(2)), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(fc.oneof(arbitraryWire(schema), values.map(message)), damage, (bytes, steps) => {
        expectReadOrMalformed(steps.reduce(damaged, bytes));
      }),
      { ...OPTIONS, numRuns: 1000 },
    );
  });

  test('of random bytes likewise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expectReadOrMalformed(Buffer.from(bytes));
      }),
      { ...OPTIONS, numRuns: 1000 },
    );
  });

  function expectReadOrMalformed(bytes: Buffer): void {
    const result = attempt(() => codec.decode(bytes));
    if (result instanceof Error) expect(result).toBeInstanceOf(MalformedError);
  }
});

/** One byte is another, or there is one more, or it ends there. */
function damaged(bytes: Buffer, [place, byte, how]: [number, number, number]): Buffer {
  const at = bytes.length === 0 ? 0 : place % bytes.length;
  if (how === 0) return bytes.subarray(0, at);
  const rest = bytes.subarray(how === 1 ? at : at + 1);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), rest]);
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error as Error;
  }
}

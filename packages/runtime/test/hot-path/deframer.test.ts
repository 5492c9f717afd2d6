import { constants, PerformanceObserver } from 'node:perf_hooks';
import { Code, ConnectError } from '@connectrpc/connect';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deframer } from '../../src/hot-path/grpc/deframer.ts';

const MIB = 1024 * 1024;

/** Of a collection of garbage. */
function kindOf(entry: object): number {
  return (entry as { detail: { kind: number } }).detail.kind;
}

function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

test('messages come out as they went in, however their bytes are cut', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 });
  const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(messages, cuts, (sent, lengths) => {
      const bytes = Buffer.concat(sent.map(framed));
      const came: Buffer[] = [];
      const deframer = new Deframer(MIB, (message) => came.push(message));
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const length = lengths[i % lengths.length] ?? 1;
        deframer.push(bytes.subarray(at, at + length));
        at += length;
      }
      expect(came.map((message) => message.toString('hex'))).toEqual(
        sent.map((message) => Buffer.from(message).toString('hex')),
      );
      expect(deframer.atBoundary).toBe(true);
    }),
    { seed: 20261126, numRuns: 1000 },
  );
});

test('a length is refused before a byte of its message has come', () => {
  const deframer = new Deframer(MIB, () => {});
  const push = (): void => deframer.push(Buffer.from([0, 0x00, 0x10, 0x00, 0x01]));
  expect(push).toThrow(expect.objectContaining({ code: Code.ResourceExhausted }));
  expect(push).toThrow(ConnectError);
});

test('memory is taken as bytes come, not as they are announced', () => {
  const before = process.memoryUsage().arrayBuffers;
  const streams = Array.from({ length: 20 }, () => new Deframer(64 * MIB, () => {}));
  for (const stream of streams) stream.push(Buffer.from([0, 0x04, 0x00, 0x00, 0x00, 1]));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(21 * MIB);
});

test('large messages make V8 collect shortly, and seldom all', async () => {
  const kinds: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) kinds.push(kindOf(entry));
  });
  observer.observe({ entryTypes: ['gc'] });
  const part = Buffer.alloc(16 * 1024);
  const deframer = new Deframer(2 * MIB, () => {});
  for (let i = 0; i < 2000; i++) {
    deframer.push(Buffer.from([0, 0x00, 0x10, 0x00, 0x00]));
    for (let sent = 0; sent < MIB; sent += part.length) deframer.push(part);
    if (i % 50 === 0) await new Promise(setImmediate);
  }
  await new Promise(setImmediate);
  observer.disconnect();
  const long = kinds.filter((kind) => kind === constants.NODE_PERFORMANCE_GC_MAJOR).length;
  const short = kinds.length - long;
  expect(short).toBeGreaterThan(100);
  // By their ratio: how many long ones there are depends on how quick the machine is.
  expect(long).toBeLessThan(short / 20);
});

import { expect, test } from 'vitest';
import { frameCounter } from '../floor/frame-counter.ts';

const frame = (bytes: number): Buffer => {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(bytes, 1);
  return Buffer.concat([header, Buffer.alloc(bytes, 0xff)]);
};

test.each([1, 2, 3, 7, 100, 10_000])('frames are counted in chunks of %i bytes', (size) => {
  const bytes = Buffer.concat([frame(0), frame(1), frame(300), frame(0), frame(70_000)]);
  const count = frameCounter();
  let frames = 0;
  for (let at = 0; at < bytes.length; at += size) frames += count(bytes.subarray(at, at + size));
  expect(frames).toBe(5);
});

test('a frame counts when it is complete', () => {
  const count = frameCounter();
  expect(count(frame(10).subarray(0, 14))).toBe(0);
  expect(count(Buffer.alloc(1))).toBe(1);
});

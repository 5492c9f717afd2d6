import { expect, test } from 'vitest';
import { messageLimit } from '../src/contract/message-limit.ts';
import { launchMemory } from './fixtures/launch.ts';

test('a message may have 16 MiB, or as many bytes as are set, up to 64 MiB', () => {
  expect(messageLimit()).toBe(16_777_216);
  expect(messageLimit(67_108_864)).toBe(67_108_864);
});

test.each([0, -1, 1.5, Number.NaN, 67_108_865])(
  'a limit of %d is refused before anything starts',
  async (bytes) => {
    await expect(launchMemory({ maxMessageBytes: bytes })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      field: 'maxMessageBytes',
    });
  },
);

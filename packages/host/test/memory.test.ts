import { readFileSync } from 'node:fs';
import { loadIntegration } from '@vrsky/host';
import { expect, test } from 'vitest';
import { memoryParts, totalMemory } from '../src/config/memory.ts';
import { tempFolder } from './support/folder.ts';
import { startHost } from './support/host.ts';
import { scripted } from './support/integration.ts';
import { until } from './support/until.ts';

const Mi = 2 ** 20;

async function integrationOf(incoming: object = {}, outgoing: object = {}) {
  return loadIntegration(scripted(tempFolder(), { incoming, outgoing }));
}

test('a pod of 256Mi is divided between the host and its two connectors', async () => {
  const parts = memoryParts(await integrationOf(), 256 * Mi);
  expect(parts).toEqual({ incoming: 64 * Mi, outgoing: 64 * Mi });
});

test('a limit in the file is taken, and the other connector gets the rest', async () => {
  const parts = memoryParts(await integrationOf({ memoryLimit: '200Mi' }), 512 * Mi);
  expect(parts).toEqual({ incoming: 200 * Mi, outgoing: 184 * Mi });
});

test('where nothing limits the memory, only the file does', async () => {
  expect(memoryParts(await integrationOf(), undefined)).toEqual({});
  const parts = memoryParts(await integrationOf({ memoryLimit: '64Mi' }), undefined);
  expect(parts).toEqual({ incoming: 64 * Mi });
});

test.each<[string, object, number | undefined, RegExp]>([
  ['a pod of 255Mi', {}, 255 * Mi, /incoming\.memoryLimit: .*64Mi.*leave it 63Mi/],
  [
    'a limit that leaves nothing',
    { memoryLimit: '512Mi' },
    512 * Mi,
    /outgoing\.memoryLimit: .*leave it 0Mi/,
  ],
  ['a limit below 64Mi', { memoryLimit: '63Mi' }, undefined, /incoming\.memoryLimit: .*it is 63Mi/],
])('%s is refused, with what is needed', async (_, incoming, total, expected) => {
  const integration = await integrationOf(incoming);
  expect(() => memoryParts(integration, total)).toThrow(expected);
});

test("the host's own limit is that of its connectors together", () => {
  expect(totalMemory({ VRSKY_MEMORY_LIMIT: '1Gi' })).toBe(1024 * Mi);
  expect(() => totalMemory({ VRSKY_MEMORY_LIMIT: 'much' })).toThrow(/such as 256Mi/);
});

test('each connector process is told its part', async () => {
  const host = await startHost(scripted(tempFolder(), {}), {
    env: { VRSKY_MEMORY_LIMIT: '256Mi' },
  });
  await until('both are up', () => host.connected.length === 2);
  for (const { pid } of host.connected) {
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')).toContain(
      `VRSKY_MEMORY_LIMIT=${64 * Mi}`,
    );
  }
  await host.stop();
});

import { once } from 'node:events';
import { expect, test } from 'vitest';
import { type RawSession, spawnMemory } from './fixtures/raw-host.ts';

const MIB = 1 << 20;

type Starved = ReturnType<RawSession['receiveStream']>;

/**
 * A ReceiveStream of a host that does not read: its first message, "big", fills the way to it, and all
 * others wait behind. The other host is there to look.
 */
async function openStarved(
  messages: number,
  settings: { messages: string[]; bytes?: object; ackTimeoutMs?: number },
): Promise<{ stream: Starved; other: RawSession; read: () => void }> {
  const plugin = await spawnMemory();
  const [starved, other] = [plugin.session(0), plugin.session()];
  const bytes = { ...settings.bytes, big: MIB };
  const all = { ...settings, messages: ['big', ...settings.messages], bytes };
  await other.connect({ config: { id: '1', type: 'memory-in', settings: all } });
  const stream = starved.receiveStream();
  stream.send({ credit: { messages, bytes: 1_000_000_000n } });
  await once(stream.http2, 'response'); // headers need no room
  const read = (): void => {
    starved.http2.settings({ initialWindowSize: 4 * MIB });
    starved.http2.setLocalWindowSize(4 * MIB);
  };
  return { stream, other, read };
}

async function nextIds(stream: Starved): Promise<string[]> {
  const frame = await stream.next();
  return frame?.deliveries.map(({ message }) => message?.id ?? '') ?? [];
}

test.each([
  ['64 messages', 100, 1, 64],
  ['1 MiB', 5, 400_000, 2],
])('a frame carries at most %s, however much waits', async (_, count, size, most) => {
  const texts = Array.from({ length: count }, (_value, i) => `m${i}`);
  const bytes = Object.fromEntries(texts.map((text) => [text, size]));
  const settings = { messages: [...texts, 'last'], bytes };
  const { stream, other, read } = await openStarved(count + 1, settings);
  expect((await other.receive(true)).id, 'all others are handed out').toBe('id-last');
  read();
  expect(await nextIds(stream)).toEqual(['id-big']);
  const frames = [await nextIds(stream)];
  expect(frames[0]).toHaveLength(most);
  while (frames.flat().length < count) frames.push(await nextIds(stream));
  expect(frames.flat()).toEqual(texts.map((text) => `id-${text}`));
});

test('credit comes back for a message whose time was over before it was sent', async () => {
  const { stream, other, read } = await openStarved(2, { messages: ['b'], ackTimeoutMs: 1000 });
  // Both leases end; "big" was sent and used up its credit, "b" was not.
  expect((await other.receive(true)).id).toBe('id-big');
  read();
  expect(await nextIds(stream)).toEqual(['id-big']);
  expect(await nextIds(stream)).toEqual(['id-b']);
});

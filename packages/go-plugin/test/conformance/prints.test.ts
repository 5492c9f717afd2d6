import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Started, usePlugins } from '../support/plugins.ts';
import { hasGo, useGoPrograms } from './go.ts';

const program = useGoPrograms('./plugin');
const { start } = usePlugins();

/** Keeps what is written to it; a slow one takes one chunk per turn and holds nothing back. */
function collector(options: { slow?: boolean } = {}) {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    highWaterMark: 1,
    write: async (chunk: Buffer, _encoding, done) => {
      chunks.push(Buffer.from(chunk));
      if (options.slow) await setImmediate();
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(chunks) };
}

async function print({ testing }: Started, where: string, data: Uint8Array): Promise<void> {
  await testing.run({ text: `to ${where}`, data });
}

describe.runIf(hasGo)('what a Go plugin prints after its handshake', () => {
  it.each([{ autoMtls: false }, { autoMtls: true }])(
    '74: arrives byte for byte with %o',
    async (options) => {
      const [stdout, stderr] = [collector(), collector({ slow: true })];
      const syncs = { syncStdout: stdout.stream, syncStderr: stderr.stream };
      const started = await start({ command: program(), ...options, ...syncs });
      // Pieces that are no lines, no text, and longer than go-plugin's chunks and the pipe.
      const [first, second] = [randomBytes(300_001), randomBytes(100_003)];
      await print(started, 'stdout', Buffer.from('hello\nworld!'));
      await print(started, 'stdout', first);
      await print(started, 'stderr', second);
      await print(started, 'stderr', Buffer.from('\0 ✓').subarray(0, 3));
      await print(started, 'stderr', Buffer.from('\0 ✓').subarray(3));
      const printed = Buffer.concat([Buffer.from('hello\nworld!'), first]);
      const complained = Buffer.concat([second, Buffer.from('\0 ✓')]);
      await expect.poll(() => stdout.bytes().length).toBe(printed.length);
      await expect.poll(() => stderr.bytes().length).toBe(complained.length);
      expect(stdout.bytes().equals(printed)).toBe(true);
      expect(stderr.bytes().equals(complained)).toBe(true);
      expect(started.entries.filter((entry) => entry['printedTo'])).toEqual([]);
    },
  );

  it('74: is logged line by line where no stream takes it', async () => {
    const stderr = collector();
    const started = await start({ command: program(), syncStderr: stderr.stream });
    await print(started, 'stdout', Buffer.from('hello\nwor'));
    await print(started, 'stderr', Buffer.from('for the stream\n'));
    await print(started, 'stdout', Buffer.from('ld ✓\n'));
    await expect
      .poll(() => started.entries.filter((entry) => entry['printedTo']))
      .toEqual([
        { level: 'debug', printedTo: 'stdout', msg: 'hello' },
        { level: 'debug', printedTo: 'stdout', msg: 'world ✓' },
      ]);
    await expect.poll(() => stderr.bytes().toString()).toBe('for the stream\n');
  });

  it('74: goes on when the stream of the host has ended', async () => {
    const stdout = collector();
    const started = await start({ command: program(), syncStdout: stdout.stream });
    await print(started, 'stdout', Buffer.from('before'));
    await expect.poll(() => stdout.bytes().toString()).toBe('before');
    stdout.stream.end();
    // In all, more than the buffers between the two hold: somebody goes on to read.
    const data = Buffer.alloc(3 * 2 ** 20);
    for (let time = 0; time < 7; time++) await print(started, 'stdout', data);
    expect(await started.testing.echo({ text: 'fine' })).toMatchObject({ text: 'fine' });
  });

  it('75: is missed of an old plugin, which works all the same', async () => {
    const args = ['-without', 'plugin.GRPCStdio'];
    const stdout = collector();
    const started = await start({ command: program(), args, syncStdout: stdout.stream });
    expect(await started.testing.echo({ text: 'hi' })).toMatchObject({ text: 'hi' });
    await expect
      .poll(() => started.entries)
      .toContainEqual({
        level: 'debug',
        reason: expect.stringContaining('unknown service plugin.GRPCStdio'),
        msg: "the stream of the plugin's printed output ended",
      });
    await started.plugin.kill();
    expect(await started.plugin.exited).toMatchObject({ code: 0, signal: null });
    expect(stdout.bytes()).toHaveLength(0);
  });

  it('84: never blocks it where only the handshake belongs', async () => {
    const started = await start({ command: program() });
    await started.testing.run({ text: 'flood real stdout', data: Buffer.from('1024') });
    expect(await started.testing.echo({ text: 'fine' })).toMatchObject({ text: 'fine' });
    await started.plugin.kill();
    expect(await started.plugin.exited).toMatchObject({ code: 0, signal: null });
  });
});

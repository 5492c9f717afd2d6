import { Code } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { hasGo, useGoPrograms } from './conformance/go.ts';
import { type Started, usePlugins } from './support/plugins.ts';

const program = useGoPrograms('./plugin');
const { start } = usePlugins();
const lengths = [70_000, 300_000, 1_000_000];

function failAtLength({ testing }: Started, length: number) {
  return testing.run({ text: 'fail at length', data: Buffer.from(String(length)) });
}

/** A call that the long one must not touch. */
async function withBystander(started: Started, work: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const { signal } = stop;
  const bystander = started.testing
    .run({ text: 'hang' }, { signal })
    .catch((error: unknown) => error);
  await work();
  stop.abort();
  expect(await bystander).toMatchObject({ code: Code.Canceled });
  expect(await started.testing.echo({ text: 'on' })).toMatchObject({ text: 'on' });
}

describe('between a host and a plugin of this package', () => {
  it('a long error keeps its code and the beginning of its text', async () => {
    const started = await start();
    await withBystander(started, async () => {
      for (const length of lengths) {
        await expect(failAtLength(started, length)).rejects.toMatchObject({
          code: Code.Aborted,
          rawMessage: expect.stringMatching(
            /^m{1000}\.\.\. \(metadata of \d+ bytes is larger than/,
          ),
        });
      }
      const short = failAtLength(started, 60_000);
      await expect(short).rejects.toMatchObject({ rawMessage: 'm'.repeat(60_000) });
    });
  });

  it('five hundred pairs of metadata pass, both ways', async () => {
    const { testing } = await start();
    const headers = Object.fromEntries(
      Array.from({ length: 500 }, (_, index) => [`x-${index}`, 'value']),
    );
    let received = new Headers();
    let trailers = new Headers();
    await testing.run(
      { text: 'metadata' },
      {
        headers,
        onHeader: (head) => (received = head),
        onTrailer: (trailer) => (trailers = trailer),
      },
    );
    expect(Object.fromEntries(received)).toMatchObject(headers);
    expect(Object.fromEntries(trailers)).toMatchObject(headers);
  });

  it('more metadata than the other side takes fails its own call', async () => {
    const started = await start();
    await withBystander(started, async () => {
      const headers = { 'x-long': 'm'.repeat(100_000) };
      await expect(started.testing.run({ text: 'metadata' }, { headers })).rejects.toMatchObject({
        code: Code.ResourceExhausted,
      });
    });
  });
});

describe.runIf(hasGo)('a Go plugin', () => {
  it.each(lengths)('with an error text of %i bytes loses that one call', async (length) => {
    const started = await start({ command: program() });
    await withBystander(started, async () => {
      await expect(failAtLength(started, length)).rejects.toMatchObject({ code: Code.Internal });
    });
  });
});

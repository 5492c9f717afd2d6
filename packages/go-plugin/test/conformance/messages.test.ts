import { randomBytes } from 'node:crypto';
import { Code } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { usePlugins } from '../support/plugins.ts';
import { hasGo, useGoPrograms } from './go.ts';

const program = useGoPrograms('./plugin');
const { start } = usePlugins();

/** What gRPC takes by default, and what the field `data` of so many bytes needs besides them. */
const limit = 4 * 2 ** 20;
const overhead = 5;

describe.runIf(hasGo).each([{ autoMtls: false }, { autoMtls: true }])(
  'messages to and from a Go plugin with %o',
  (options) => {
    it('87: may have 4 MiB, and not one byte more, when they are requests', async () => {
      const { testing } = await start({ command: program(), ...options });
      const data = randomBytes(limit - overhead);
      const echo = await testing.echo({ data });
      expect(Buffer.compare(echo.data, data)).toBe(0);
      await expect(
        testing.echo({ data: Buffer.concat([data, Buffer.of(0)]) }),
      ).rejects.toMatchObject({
        code: Code.ResourceExhausted,
        rawMessage: 'grpc: received message larger than max (4194305 vs. 4194304)',
      });
      expect(await testing.echo({ text: 'fine' })).toMatchObject({ text: 'fine' });
    });

    it('87: may have more when they are answers, up to the limit of the host', async () => {
      const { testing } = await start({ command: program(), ...options });
      const repeat = (times: number) =>
        testing.run({ text: 'repeat x', data: Buffer.from(String(times)) });
      expect((await repeat(40 * 2 ** 20)).text).toHaveLength(40 * 2 ** 20);
      await expect(repeat(64 * 2 ** 20)).rejects.toMatchObject({ code: Code.ResourceExhausted });
      expect(await testing.echo({ text: 'fine' })).toMatchObject({ text: 'fine' });
    });
  },
);

describe.runIf(hasGo)('the version that a Go plugin serves', () => {
  it.each([
    ['1,2', [1, 2], 2],
    ['2,1', [2, 1], 2],
    ['1,2', [1], 1],
    ['1,2', [3, 1], 1],
    ['1,2,10', [10, 9, 2], 10],
  ])('90: of %s is with a host of %j the version %i', async (served, versions, expected) => {
    const args = ['-versions', served];
    const { plugin, testing } = await start({ command: program(), args, versions });
    expect(plugin.negotiatedVersion).toBe(expected);
    expect(await testing.run({ text: 'version' })).toMatchObject({ text: String(expected) });
  });

  it('90: of another range is refused, with both ranges', async () => {
    const args = ['-versions', '1,2'];
    await expect(start({ command: program(), args, versions: [3, 4] })).rejects.toMatchObject({
      code: 'APP_VERSION_INCOMPATIBLE',
      message: expect.stringMatching(
        /^incompatible API version with plugin\. Plugin version: 1, Client versions: \[3 4\]\n./,
      ),
    });
  });
});

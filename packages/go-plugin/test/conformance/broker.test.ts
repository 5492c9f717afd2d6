import { createClient } from '@connectrpc/connect';
import type { Routes } from '@vrsky/go-plugin';
import { describe, expect, it } from 'vitest';
import { slowly } from '../../../../tools/testing/slowness.ts';
import { Health } from '../../src/gen/grpc/health/v1/health_pb.ts';
import { Testing } from '../gen/testing_pb.ts';
import { type Started, usePlugins } from '../support/plugins.ts';
import { hasGo, useGoPrograms } from './go.ts';

const program = useGoPrograms('./plugin');
const { start } = usePlugins();

const hostRoutes: Routes = (router) =>
  router.service(Testing, { echo: ({ text }) => ({ text: `${text}, back from the host` }) });

async function callBack({ plugin, testing }: Started): Promise<string> {
  const brokerId = plugin.broker.nextId();
  const accepted = await plugin.broker.acceptAndServe(brokerId, hostRoutes);
  const { text } = await testing.run({ text: 'dial', brokerId });
  await accepted.close();
  return text;
}

async function dialPlugin({ plugin, testing }: Started) {
  const { brokerId } = await testing.run({ text: 'accept' });
  const { transport, close } = await plugin.broker.dial(brokerId);
  return { brokerId, transport, close, testing: createClient(Testing, transport) };
}

describe.runIf(hasGo).each([{ autoMtls: false }, { autoMtls: true }])(
  'the broker between this host and a Go plugin with %o',
  (options) => {
    it('77: lets the plugin dial the host, again and again', async () => {
      const started = await start({ command: program(), ...options });
      const answer = 'from the plugin, back from the host';
      for (let time = 0; time < 10; time++) expect(await callBack(started)).toBe(answer);
      const parallel = await Promise.all(Array.from({ length: 10 }, () => callBack(started)));
      expect(parallel).toEqual(Array(10).fill(answer));
    });

    it('78: lets the host dial the plugin, again and again', async () => {
      const started = await start({ command: program(), ...options });
      const ids: number[] = [];
      for (let time = 0; time < 10; time++) {
        const { brokerId, testing, close } = await dialPlugin(started);
        expect(await testing.echo({ text: 'hi' })).toMatchObject({ text: 'hi' });
        ids.push(brokerId);
        await close();
      }
      expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      const parallel = await Promise.all(Array.from({ length: 10 }, () => dialPlugin(started)));
      const echoes = await Promise.all(parallel.map(({ testing }) => testing.echo({ text: 'hi' })));
      expect(echoes.map(({ text }) => text)).toEqual(Array(10).fill('hi'));
    });

    it('78: carries nothing but what was registered, in both directions at once', async () => {
      const started = await start({ command: program(), ...options });
      const { transport, testing } = await dialPlugin(started);
      const health = createClient(Health, transport);
      await expect(health.check({ service: 'plugin' })).rejects.toMatchObject({
        rawMessage: 'unknown service grpc.health.v1.Health',
      });
      // The brokered service, too, may dial the host.
      expect(await callBack({ ...started, testing })).toBe('from the plugin, back from the host');
    });
  },
);

describe.runIf(hasGo)('the broker between this host and a Go plugin', () => {
  it('79: tells both sides after 5 s that nobody accepts, and both live on', async () => {
    const started = await start({ command: program() });
    const { plugin, testing } = started;
    const began = performance.now();
    const attempts = [plugin.broker.dial(999), testing.run({ text: 'dial', brokerId: 999 })];
    const times = attempts.map((attempt) => attempt.catch(() => {}).then(() => performance.now()));
    for (const time of times) {
      expect((await time) - began).toBeGreaterThan(4_900);
      expect((await time) - began).toBeLessThan(slowly(6_000));
    }
    const [here, there] = await Promise.allSettled(attempts);
    expect(here).toMatchObject({
      reason: {
        code: 'BROKER_TIMEOUT',
        message: expect.stringMatching(/^timeout waiting for connection info\b/),
      },
    });
    expect(there).toMatchObject({
      reason: { rawMessage: 'timeout waiting for connection info' },
    });
    expect(await callBack(started)).toBe('from the plugin, back from the host');
    const dialled = await dialPlugin(started);
    expect(await dialled.testing.echo({ text: 'hi' })).toMatchObject({ text: 'hi' });
  });
});

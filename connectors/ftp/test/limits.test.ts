import type { ConnectionConfig } from '@vrsky/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { canIsolate, nodeWithDeadNameServer } from '../../../tools/testing/dead-name-server.ts';
import { droppingPort, mutePort } from '../../../tools/testing/silent-servers.ts';
import { slowly } from '../../../tools/testing/slowness.ts';
import { incomingConfig, outgoingConfig } from './support/config.ts';
import { start } from './support/plugin.ts';

const SLACK_MS = slowly(1000);
const directions = [incomingConfig, outgoingConfig];
const types = ['ftp', 'ftps', 'ftps-implicit', 'sftp'];
const places: [string, boolean, () => Promise<object> | object][] = [
  ['a port that drops what comes', true, async () => ({ port: await droppingPort() })],
  ['a server that stays silent', true, async () => ({ port: await mutePort() })],
  ['a name server that stays silent', canIsolate, () => ({ host: 'files.example' })],
];

describe.each(places)('42: with %s', (place, possible, open) => {
  test.runIf(possible)(
    'Validate and Connect end within the timeout and the connect timeout, and Disconnect at once',
    async () => {
      const settings = { allowAnyHostKey: true, ...(await open()) };
      const isolated = place.includes('name server');
      const { node, kill } = await start(isolated ? { command: nodeWithDeadNameServer() } : {});
      onTestFinished(() => kill());
      const timeout = Temporal.Duration.from({ seconds: 1 });
      const ends = async (call: Promise<unknown>, limitMs: number): Promise<void> => {
        const since = performance.now();
        await expect(call).rejects.toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
        expect(performance.now() - since).toBeLessThan(limitMs + SLACK_MS);
      };
      for (const type of types) {
        for (const configOf of directions) {
          const common = { type, credentials: { username: 'tester' } };
          for (const [limitMs, config] of [
            [1000, configOf(settings, { ...common, timeout })],
            [500, configOf({ ...settings, connectTimeoutMs: 500 }, common)],
          ] as [number, ConnectionConfig][]) {
            const validating = ends(node.validate(config), limitMs);
            await Promise.all([validating, ends(node.connect(config), limitMs)]);
          }
        }
      }
      const since = performance.now();
      await node.disconnect();
      expect(performance.now() - since).toBeLessThan(SLACK_MS);
    },
  );
});

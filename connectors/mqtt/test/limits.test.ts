import type { ConnectionConfig } from '@vrsky/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { canIsolate, nodeWithDeadNameServer } from '../../../tools/testing/dead-name-server.ts';
import { droppingPort, mutePort } from '../../../tools/testing/silent-servers.ts';
import { slowly } from '../../../tools/testing/slowness.ts';
import { publishConfig, subscribeConfig } from './support/config.ts';
import { start } from './support/process.ts';

const SLACK_MS = slowly(1000);
const types = [subscribeConfig, publishConfig];
const places: [string, boolean, () => Promise<string> | string][] = [
  ['a port that drops what comes', true, async () => `mqtt://127.0.0.1:${await droppingPort()}`],
  ['a server that stays silent', true, async () => `mqtt://127.0.0.1:${await mutePort()}`],
  ['a name server that stays silent', canIsolate, () => 'mqtt://broker.example:1883'],
];

describe.each(places)('63: with %s', (place, possible, open) => {
  test.runIf(possible)(
    'Validate and Connect end within the timeout and the connect timeout, and Disconnect at once',
    async () => {
      const brokers = [await open()];
      const isolated = place.includes('name server');
      const { node, kill } = await start(isolated ? nodeWithDeadNameServer() : undefined);
      onTestFinished(() => kill());
      const timeout = Temporal.Duration.from({ seconds: 1 });
      const ends = async (call: Promise<unknown>, limitMs: number): Promise<void> => {
        const since = performance.now();
        await expect(call).rejects.toMatchObject({ code: 'CONNECTION_FAILED', recoverable: true });
        expect(performance.now() - since).toBeLessThan(limitMs + SLACK_MS);
      };
      for (const configOf of types) {
        for (const [limitMs, config] of [
          [1000, configOf({ brokers }, { timeout })],
          [500, configOf({ brokers, connectTimeoutMs: 500 })],
        ] as [number, ConnectionConfig][]) {
          await Promise.all([
            ends(node.validate(config), limitMs),
            ends(node.connect(config), limitMs),
          ]);
        }
      }
      const since = performance.now();
      await node.disconnect();
      expect(performance.now() - since).toBeLessThan(SLACK_MS);
    },
  );
});

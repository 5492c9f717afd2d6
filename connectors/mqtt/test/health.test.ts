import type { ConnectionConfig, Health, PluginError } from '@vrsky/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { slowly } from '../../../tools/testing/slowness.ts';
import { broker, linkTo, serverCertificate, testCa } from './support/broker.ts';
import { publishConfig, subscribeConfig } from './support/config.ts';
import { healthOf, subscribe, until } from './support/connector.ts';
import { scriptedBroker } from './support/peer.ts';
import { launch } from './support/process.ts';

/** What a slow machine may add to a limit. */
const SLACK_MS = slowly(1000);
const TIMEOUT_MS = 3000;
const timeout = Temporal.Duration.from({ milliseconds: TIMEOUT_MS });

type ConfigOf = (settings: object, more?: Partial<ConnectionConfig>) => ConnectionConfig<object>;
const types: [string, ConfigOf][] = [
  ['mqtt-subscribe', subscribeConfig],
  ['mqtt-publish', publishConfig],
];

/** What Health says now: its status, or the code of what it throws. */
const told = (health: Promise<Health>): Promise<string> =>
  health.then(
    ({ status }) => status,
    ({ code }: PluginError) => code,
  );

describe.runIf(needs('mosquitto') && needs('openssl')).each(types)(
  '62: Health of %s',
  (_type, configOf) => {
    test.each(['mqtt', 'mqtts', 'wss'])(
      '%s: fails while the broker is gone, and recovers without traffic',
      async (scheme) => {
        const mosquitto = await broker({ tls: serverCertificate() });
        const credentials = { tls_ca: testCa().ca };
        const settings = { brokers: [mosquitto.urls[scheme]] };
        const { node } = await launch(configOf(settings, { credentials }));
        expect(await told(node.health())).toBe('ok');
        await mosquitto.stop();
        await expect
          .poll(() => told(node.health()), { timeout: slowly(20_000) })
          .toBe('CONNECTION_FAILED');
        await mosquitto.start();
        await expect.poll(() => told(node.health()), { timeout: slowly(20_000) }).toBe('ok');
      },
      60_000,
    );

    test('fails within the timeout at a broker that has gone silent, and Disconnect ends', async () => {
      const { port } = await broker();
      const link = await linkTo(port);
      const config = configOf({ brokers: [link.url], keepaliveSeconds: 600 }, { timeout });
      const { node } = await launch(config);
      expect(await told(node.health())).toBe('ok');
      link.freeze();
      await expect
        .poll(() => told(node.health()), { timeout: slowly(20_000) })
        .toBe('CONNECTION_FAILED');
      const since = performance.now();
      expect(await told(node.health())).toBe('CONNECTION_FAILED');
      expect(performance.now() - since).toBeLessThan(TIMEOUT_MS + SLACK_MS);
      link.thaw();
      await expect.poll(() => told(node.health()), { timeout: slowly(20_000) }).toBe('ok');
      link.freeze();
      const stopping = performance.now();
      await node.disconnect().catch(() => {});
      expect(performance.now() - stopping).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    });
  },
);

test('62: Health does not take a broker for silent whose messages the connector does not read', async () => {
  const peer = await scriptedBroker();
  const incoming = await subscribe({ brokers: [peer.url], maxInFlight: 1 });
  peer.connections[0]?.publish(1, 'a');
  peer.connections[0]?.publish(2, 'b');
  await incoming.next();
  const heldSince = performance.now();
  await until(() => performance.now() - heldSince > 1500); // longer than what was heard counts
  expect((await healthOf(incoming.source)).status).toBe('ok');
  expect(peer.connections[0]?.of('pingreq')).toEqual([]);
  onTestFinished(() => incoming.stop());
});

import { PluginError } from '@vrsky/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needs } from '../tools/testing/require-program.ts';
import { buildGoProgram } from './support/go-program.ts';
import { configOf, launchWithHost } from './support/memory-host.ts';

describe.runIf(needs('go'))('our host runs a Go connector', () => {
  let connector: ReturnType<typeof buildGoProgram>;
  beforeAll(() => {
    connector = buildGoProgram('./interop/connector');
  }, 300_000);
  afterAll(() => connector?.remove());

  describe.each([
    ['with AutoMTLS', true],
    ['without TLS', false],
  ])('%s', (_, autoMtls) => {
    const launch = (settings = {}): ReturnType<typeof launchWithHost> =>
      launchWithHost(connector.path, autoMtls, configOf('memory', settings));

    test('all seven methods work', async () => {
      const { node, metadata } = await launch();
      expect(metadata).toMatchObject({ name: 'Memory', protocolVersion: 1 });
      const config = configOf('memory', { warnings: ['mind the gap'] });
      expect(await node.validate(config)).toEqual(['mind the gap']);
      await node.connect(config);
      expect((await node.health()).status).toBe('ok');
      const sent = {
        id: 'm-1',
        payload: Buffer.from([0, 255, 128, 7]),
        contentType: 'application/octet-stream',
        headers: { 'x-a': '1' },
        metadata: {
          customerId: 'c',
          tenantId: 't',
          integrationId: 'i',
          source: 's',
          destination: 'd',
          correlationId: 'co',
          traceId: 'tr',
        },
        timestamp: Temporal.Instant.from('2026-11-23T06:12:34.490970123Z'),
      };
      expect((await node.send(sent)).messageId).toBe('memory-1');
      const { message, deliveryId } = await node.receive({ timeoutMs: 5000 });
      expect([...message.payload]).toEqual([0, 255, 128, 7]);
      expect(message.timestamp?.toString()).toBe('2026-11-23T06:12:34.490970123Z');
      expect(message).toMatchObject({
        id: 'm-1',
        contentType: sent.contentType,
        headers: sent.headers,
        metadata: sent.metadata,
      });
      expect(await node.acknowledge([{ deliveryId, outcome: 'ack' }])).toEqual([]);
      expect(await node.acknowledge([{ deliveryId, outcome: 'ack' }])).toEqual([deliveryId]);
      await node.disconnect();
    });

    test('it calls every host function', async () => {
      const config = configOf('memory', { callHost: true, secret: 'listed' });
      const { node, asked } = await launchWithHost(connector.path, autoMtls, config);
      await node.connect(config);
      const { details } = await node.health();
      expect(details).toMatchObject({
        'host.attached': 'true',
        'host.getSecret': '12 bytes',
        'host.log': 'ok',
        'host.recordMetric': 'ok',
        'host.getConfiguration': 'true',
        'host.state': '1',
      });
      expect(details['host.getUnlistedSecret']).toContain('[NOT_FOUND]');
      expect(asked).toEqual([
        'getSecret listed',
        'getSecret not-listed-for-anyone',
        'log info hello from memory',
        'recordMetric memory.connected 1.5',
      ]);
    });

    test('its typed errors arrive whole', async () => {
      const { node } = await launch();
      const failure = {
        code: 'SEND_FAILED',
        message: 'no',
        recoverable: true,
        retryAfterMs: 1500,
        reason: 'WHY',
        field: 'f',
      };
      await node.connect(configOf('memory', { fail: { Receive: failure } }));
      const error = await node.receive().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(PluginError);
      const { message: rawMessage, ...parts } = failure;
      expect(error).toMatchObject({ ...parts, rawMessage });
    });

    test('a deadline and a cancellation stay what they are', async () => {
      const { node } = await launch();
      await node.connect(configOf('memory', {}));
      await expect(node.receive({ timeoutMs: 50 })).rejects.toMatchObject({ name: 'TimeoutError' });
      const cancel = new AbortController();
      const cancelled = node.receive({ signal: cancel.signal });
      cancel.abort();
      await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
    });

    test('its crash fails the call as recoverable, and its end is told', async () => {
      const { node, exited } = await launch();
      await node.connect(configOf('memory', { crash: 'Receive' }));
      await expect(node.receive()).rejects.toMatchObject({
        code: 'CONNECTION_FAILED',
        recoverable: true,
      });
      expect((await exited).reason).toMatch(/exited with status|was ended by/);
    });

    test('it ends by itself when asked, within 2 s', async () => {
      const { node, kill, exited } = await launch();
      await node.connect(configOf('memory', {}));
      const began = performance.now();
      await kill();
      expect(performance.now() - began).toBeLessThan(2000);
      expect((await exited).reason).toBe('exited with status 0');
    });
  });
});

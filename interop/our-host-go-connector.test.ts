import { type Message, PluginError } from '@vrsky/runtime';
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
    const launch = (...args: string[]): ReturnType<typeof launchWithHost> =>
      launchWithHost(connector.path, autoMtls, configOf('memory', {}), args);

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

    test('a send stream answers each message by itself', async () => {
      const { node } = await launch('-batches');
      await node.connect(configOf('memory', { reject: ['id-7'] }));
      const stream = await node.sendStream();
      const ids = [...Array(2000).keys()].map((i) => `id-${i}`);
      const sends = [...ids, ''].map((id) => stream.send(messageOf(id)));
      const outcomes = await Promise.allSettled(sends);
      await stream.close();
      const failures = outcomes.flatMap((outcome, i) =>
        outcome.status === 'rejected' ? { i, code: (outcome.reason as PluginError).code } : [],
      );
      expect(failures).toEqual([
        { i: 7, code: 'SEND_FAILED' },
        { i: 2000, code: 'INVALID_MESSAGE' },
      ]);
      const { details } = await node.health();
      expect(details['sent']).toBe('1999');
      expect(Number(details['batches'])).toBeLessThan(100);
    });

    test('a receive stream brings what is granted, and settles it', async () => {
      const { node } = await launch();
      await node.connect(configOf('memory', { messages: ['a', 'b', 'c'].map((id) => ({ id })) }));
      const stream = node.receiveStream();
      stream.grant(2, 1000);
      const received: string[] = [];
      const unknown: string[] = [];
      for await (const { deliveries, unknownDeliveryIds } of stream.frames) {
        received.push(...deliveries.map(({ message }) => message.id));
        unknown.push(...unknownDeliveryIds);
        stream.settle(deliveries.map(({ deliveryId }) => ({ deliveryId, outcome: 'ack' })));
        if (received.length === 2 && unknown.length === 0) {
          stream.settle([{ deliveryId: 'never given', outcome: 'ack' }]);
        } else if (unknown.length > 0) stream.halfClose();
      }
      expect({ received, unknown }).toEqual({ received: ['a', 'b'], unknown: ['never given'] });
      const { details } = await node.health();
      expect(details).toMatchObject({ acked: '2', waiting: '1', outstanding: '0' });
    });

    test('a stream that breaks gives back what was not settled', async () => {
      const { node } = await launch();
      await node.connect(configOf('memory', { messages: [{ id: 'a' }] }));
      const life = new AbortController();
      const stream = node.receiveStream({ signal: life.signal });
      stream.grant(1, 1000);
      const frames = stream.frames[Symbol.asyncIterator]();
      const first = await frames.next();
      life.abort();
      await expect(frames.next()).rejects.toMatchObject({ name: 'AbortError' });
      const again = await node.receive({ timeoutMs: 5000 });
      expect(again.message.id).toBe('a');
      expect(first.value?.deliveries).not.toContainEqual(
        expect.objectContaining({ deliveryId: again.deliveryId }),
      );
    });

    test('a connector that acks nothing is received from by calls', async () => {
      const { node } = await launch('-specification');
      await node.connect(configOf('memory', {}));
      const sending = await node.sendStream();
      await sending.send(messageOf('a'));
      await sending.close();
      const receiving = node.receiveStream();
      receiving.grant(1, 1000);
      const frames = receiving.frames[Symbol.asyncIterator]();
      await expect(frames.next()).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        recoverable: false,
      });
      const { message, deliveryId } = await node.receive({ timeoutMs: 5000 });
      expect({ id: message.id, deliveryId }).toEqual({ id: 'a', deliveryId: '' });
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

function messageOf(id: string): Message {
  const nobody = { customerId: '', tenantId: '', integrationId: '', source: '', destination: '' };
  const metadata = { ...nobody, correlationId: '', traceId: '' };
  const payload = Buffer.from(id);
  return { id, payload, contentType: '', headers: {}, metadata, timestamp: undefined };
}

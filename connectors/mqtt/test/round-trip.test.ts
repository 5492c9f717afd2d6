import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { pipeline } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { needs } from '../../../tools/testing/require-program.ts';
import { broker, serverCertificate, testCa } from './support/broker.ts';
import { messageOf } from './support/config.ts';
import { publish, subscribe } from './support/connector.ts';

const empty = Buffer.alloc(0);
const tiny = Buffer.from([0]);
const large = randomBytes(256 * 1024);

async function roundTrip(url: string, protocolVersion: number, payloads: Buffer[]): Promise<void> {
  const credentials = { tls_ca: testCa().ca };
  for (const qos of [0, 1, 2]) {
    const topic = `in/${qos}`;
    const clientId = `${url} ${protocolVersion} ${qos}`;
    const common = { brokers: [url], protocolVersion };
    const subscriptions = [{ filter: topic, qos }];
    const incoming = await subscribe({ ...common, subscriptions, clientId }, { credentials });
    const to = { ...common, topic, qos, clientId: `${clientId} out` };
    const outgoing = await publish(to, { credentials });
    for (const payload of payloads) {
      expect(await outgoing.send(messageOf('a', { payload }))).toEqual([{}]);
      const got = await incoming.next();
      expect(Buffer.compare(got.message.payload, payload)).toBe(0);
      expect(got.message.headers).toMatchObject({ 'mqtt.topic': topic, 'mqtt.qos': `${qos}` });
      incoming.source.ack(got);
    }
    await outgoing.stop();
    await incoming.stop(1000);
  }
}

describe.runIf(needs('mosquitto') && needs('openssl'))('messages of QoS 0, 1 and 2', () => {
  test.each([
    [4, 'mqtt'],
    [4, 'mqtts'],
    [4, 'ws'],
    [4, 'wss'],
    [5, 'mqtt'],
    [5, 'mqtts'],
    [5, 'ws'],
    [5, 'wss'],
  ])('36: make the round trip with version %i over %s', async (version, scheme) => {
    const { urls } = await broker({ tls: serverCertificate() });
    // Debian's mosquitto never finishes a large message over a WebSocket, whoever the client is.
    const payloads = scheme.startsWith('ws') ? [empty, tiny] : [empty, tiny, large];
    await roundTrip(urls[scheme] ?? '', version, payloads);
  });
});

test.runIf(needs('mosquitto') && needs('openssl'))(
  '36: large messages make the round trip over a WebSocket',
  async () => {
    const { port } = await broker();
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => sockets.close());
    sockets.on('connection', (socket) => {
      const stream = createWebSocketStream(socket);
      pipeline(stream, connect(port, '127.0.0.1'), stream, () => {});
    });
    await once(sockets, 'listening');
    const { port: own } = sockets.address() as AddressInfo;
    await roundTrip(`ws://127.0.0.1:${own}`, 5, [empty, tiny, large]);
  },
);

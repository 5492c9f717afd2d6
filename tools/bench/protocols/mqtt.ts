// A subscription and a publisher beside bare MQTT.js, at QoS 1 against the same mosquitto. Both sides of
// a comparison have the same number of messages under way to the broker.
import { connect, connectAsync } from 'mqtt';
import { startMosquitto } from '../../testing/mosquitto.ts';
import { createClock, launch, messageOf, sendAll, TOTAL, watch } from '../src/contest.ts';
import type { Contestant, Sample } from './compare.ts';
import { type ConnectorBenchmark, executableOf } from './run.ts';

const BYTES = 1024;
/** Receive Maximum of both subscribers: the connector's default. */
const RECEIVING = 100;
/** Under way from both publishers: the connector's default. */
const SENDING = 64;
const payload = Buffer.alloc(BYTES, 'x');

export const benchmark: ConnectorBenchmark = {
  connectors: ['mqtt'],
  async measure(compete) {
    const config = [
      'max_queued_messages 0',
      'max_inflight_messages 1000',
      'log_type error',
      'set_tcp_nodelay true',
    ];
    const broker = await startMosquitto({ config, silent: true });
    try {
      await compete({
        title: `MQTT receive with ack, QoS 1, ${BYTES} bytes`,
        contestants: [bareSubscriber(broker.url), subscription(broker.url)],
      });
      await compete({
        title: `MQTT publish, QoS 1, ${BYTES} bytes`,
        contestants: [barePublisher(broker.url), publisher(broker.url)],
      });
    } finally {
      await broker.remove();
    }
  },
};

function bareSubscriber(url: string): Contestant {
  return {
    name: 'bare MQTT.js',
    run: () =>
      withBacklog(url, async (clientId) => {
        const client = connect(url, session(clientId));
        const clock = createClock();
        client.on('message', () => clock.tick(1));
        const sample = await clock.done;
        await client.endAsync();
        return sample;
      }),
  };
}

function subscription(url: string): Contestant {
  return {
    name: 'mqtt-connector, ReceiveStream',
    run: () =>
      withBacklog(url, async (clientId) => {
        const subscriptions = [{ filter: 'bench', qos: 1 }];
        const settings = { brokers: [url], clientId, subscriptions };
        const connector = await launch(executableOf('mqtt'), 'mqtt-subscribe', settings);
        const memory = watch(connector.pid);
        const clock = createClock();
        const stream = connector.node.receiveStream();
        stream.grant(1024, 16 * 2 ** 20);
        const taking = (async () => {
          for await (const { deliveries } of stream.frames) {
            stream.settle(deliveries.map(({ deliveryId }) => ({ deliveryId, outcome: 'ack' })));
            stream.grant(deliveries.length, deliveries.length * (BYTES + 1024));
            if (clock.tick(deliveries.length)) return;
          }
        })();
        const sample = await clock.done;
        await taking;
        const anonPeak = memory.stop();
        await connector.node.disconnect({ timeoutMs: 5000 });
        await connector.kill();
        return { ...sample, anonPeak };
      }),
  };
}

function barePublisher(url: string): Contestant {
  return {
    name: 'bare MQTT.js',
    async run() {
      const client = await connectAsync(url, { protocolVersion: 5, clientId: 'bare' });
      const sample = await sendAll(SENDING, async () => {
        await client.publishAsync('nobody', payload, { qos: 1 });
      });
      await client.endAsync();
      return sample;
    },
  };
}

function publisher(url: string): Contestant {
  return {
    name: 'mqtt-connector, SendStream',
    async run() {
      const connector = await launch(executableOf('mqtt'), 'mqtt-publish', {
        brokers: [url],
        topic: 'nobody',
      });
      const memory = watch(connector.pid);
      const stream = await connector.node.sendStream();
      let n = 0;
      // More than go to the broker at a time, so that those are always there.
      const sample = await sendAll(512, async () => {
        await stream.send(messageOf(n++, payload));
      });
      const anonPeak = memory.stop();
      await connector.node.disconnect({ timeoutMs: 5000 });
      await connector.kill();
      return { ...sample, anonPeak };
    },
  };
}

/** Messages wait with the broker, so that it is never the publisher who is measured. */
async function withBacklog(
  url: string,
  receive: (clientId: string) => Promise<Sample>,
): Promise<Sample> {
  const clientId = 'subscriber';
  const first = await connectAsync(url, session(clientId));
  await first.subscribeAsync('bench', { qos: 1 });
  await first.endAsync();
  const sender = await connectAsync(url, { protocolVersion: 5 });
  let left = TOTAL;
  const send = async (): Promise<void> => {
    while (left-- > 0) await sender.publishAsync('bench', payload, { qos: 1 });
  };
  await Promise.all(Array.from({ length: 500 }, send));
  await sender.endAsync();
  const sample = await receive(clientId);
  // Ends the session, and with it what is left.
  const last = await connectAsync(url, { protocolVersion: 5, clientId, clean: true });
  await last.endAsync();
  return sample;
}

function session(clientId: string) {
  const properties = { sessionExpiryInterval: 600, receiveMaximum: RECEIVING };
  return { protocolVersion: 5, clientId, clean: false, properties } as const;
}

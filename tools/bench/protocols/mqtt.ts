// A subscription and a publisher beside bare MQTT.js, at QoS 1 against the same mosquitto. Both sides of
// a comparison have the same number of messages under way to the broker.
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionConfig, type JsonObject, type Message, PluginError } from '@vrsky/runtime';
import { type ConnectorProcess, launchConnector } from '@vrsky/runtime/host';
import { connect, connectAsync } from 'mqtt';
import { pino } from 'pino';
import { anonymousBytes } from '../../../faults/support/processes.ts';
import { startMosquitto } from '../../testing/mosquitto.ts';
import type { Contestant, Sample } from './compare.ts';
import { type ConnectorBenchmark, executableOf } from './run.ts';

const MESSAGES = 30_000;
const WARM_UP = 3000;
const BYTES = 1024;
/** Receive Maximum of both subscribers: the connector's default. */
const RECEIVING = 100;
/** Under way from both publishers: the connector's default. */
const SENDING = 64;
const payload = Buffer.alloc(BYTES, 'x');
const zero = Temporal.Duration.from({ seconds: 0 });

export const benchmark: ConnectorBenchmark = {
  connectors: ['mqtt'],
  async measure(compete) {
    const config = ['max_queued_messages 0', 'max_inflight_messages 1000', 'log_type error'];
    const broker = await startMosquitto({ config });
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
        const connector = await launch('mqtt-subscribe', settings);
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
      const connector = await launch('mqtt-publish', { brokers: [url], topic: 'nobody' });
      const memory = watch(connector.pid);
      const stream = await connector.node.sendStream();
      let n = 0;
      // More than go to the broker at a time, so that those are always there.
      const sample = await sendAll(512, async () => {
        await stream.send(messageOf(n++));
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
  let left = WARM_UP + MESSAGES;
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

/** Counts messages; the warm-up is not measured. */
function createClock(): { readonly done: Promise<Sample>; tick(count: number): boolean } {
  const { promise, resolve } = Promise.withResolvers<Sample>();
  let count = 0;
  let begun = 0;
  let counted = 0;
  return {
    done: promise,
    tick(more) {
      count += more;
      if (begun === 0 && count >= WARM_UP) {
        begun = performance.now();
        counted = count;
      }
      if (count < WARM_UP + MESSAGES) return false;
      resolve({ messages: count - counted, seconds: (performance.now() - begun) / 1000 });
      return true;
    },
  };
}

async function sendAll(underWay: number, send: () => Promise<void>): Promise<Sample> {
  const clock = createClock();
  let left = WARM_UP + MESSAGES;
  const work = async (): Promise<void> => {
    while (left-- > 0) {
      await send();
      clock.tick(1);
    }
  };
  await Promise.all(Array.from({ length: underWay }, work));
  return clock.done;
}

async function launch(type: string, settings: JsonObject): Promise<ConnectorProcess> {
  const config: ConnectionConfig = {
    id: 'bench',
    name: 'bench',
    type,
    settings,
    credentials: {},
    timeout: zero,
    retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
  };
  const connector = await launchConnector({
    command: executableOf('mqtt'),
    log: pino({ level: 'silent' }),
    hostFunctions: {
      getSecret: async (name) => {
        throw new PluginError('NOT_FOUND', `no secret "${name}"`);
      },
      log: () => {},
      recordMetric: () => {},
      getConfiguration: () => config,
    },
  });
  await connector.node.connect(config);
  return connector;
}

function messageOf(n: number): Message {
  const unknown = { customerId: '', tenantId: '', integrationId: '', source: '', destination: '' };
  return {
    id: `message-${n}`,
    payload,
    contentType: 'application/octet-stream',
    metadata: { ...unknown, correlationId: '', traceId: '' },
    headers: {},
    timestamp: undefined,
  };
}

/** Samples the anonymous memory of a process; `stop` gives the most. */
function watch(pid: number): { stop(): number } {
  const ends = new AbortController();
  let peak = 0;
  void (async () => {
    while (!ends.signal.aborted) {
      peak = Math.max(peak, anonymousBytes(pid));
      await sleep(50, undefined, { signal: ends.signal }).catch(() => {});
    }
  })();
  return {
    stop() {
      ends.abort();
      return Math.max(peak, anonymousBytes(pid));
    },
  };
}

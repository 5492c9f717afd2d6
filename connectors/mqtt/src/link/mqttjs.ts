// The one file that knows MQTT.js. One client serves one network connection, so nothing of it is ever
// queued, stored or sent again on another. What is used beyond its documentation, and proven for the
// pinned version by test/mqttjs-contract.test.ts:
// - `handleMessage` answered with an error sends no PUBACK, and the next packet is handled;
// - `options.customHandleAcks` may be set after construction, also for 3.1.1; an error sends no PUBREC,
//   is emitted, and the next packet is handled;
// - PUBREL is answered with PUBCOMP also when the store knows nothing of the message;
// - `outgoing` tells whom PUBACK and PUBCOMP are for, also of messages that were not written by MQTT.js,
//   which would copy each of them whole into a store and write it in some twenty parts;
// - `packetreceive` is emitted before a packet is handled;
// - `timerVariant` may be a pair of functions, which get half of the keep-alive time;
// - while a packet is being handled, nothing more is read from the stream;
// - the table of reason codes of PUBACK and PUBREC lacks those that brokers send when a packet is too large.
import type { Duplex } from 'node:stream';
import { MqttClient, type PacketCallback, Store, UniqueMessageIdProvider } from 'mqtt';
import mqttPacket, { type IPublishPacket, type Packet } from 'mqtt-packet';
// @ts-expect-error it comes without types
import constants from 'mqtt-packet/constants.js';
import type { LinkOptions, OutboundPublish, Subscription } from './packets.ts';
import { encodePublish } from './publish-packet.ts';

Object.assign(constants.MQTT5_PUBACK_PUBREC_CODES, {
  0x95: 'Packet too large',
  0x9a: 'Retain not supported',
  0x9b: 'QoS not supported',
});

const NO_SUBSCRIBERS = 0x10;
const NOT_YET = new Error('acknowledged later, by the host');

export interface ClientEvents {
  /** A message came. Nothing is acknowledged, and nothing more is read until `next` is called. */
  onPublish(packet: IPublishPacket, next: () => void): void;
  /** Each packet, before anything else is done with it. */
  onPacket(packet: Packet): void;
  /** CONNACK was good. */
  onUp(): void;
  /** The broker does not keep to the protocol. */
  onError(error: Error): void;
  /** Twice in the keep-alive time, which is the broker's if it wants another one than ours. */
  onKeepAlive(keepaliveMs: number): void;
}

/** An MQTT client on a stream that is connected. It says nothing by itself but CONNECT. */
export interface Client {
  /** Writes a packet now. */
  write(packet: Packet): void;
  ping(): void;
  /** `done` gets the reason code, or what was wrong. Not called when the stream ends before. */
  subscribe(subscription: Subscription, done: (code: number | Error) => void): void;
  /** Likewise; for QoS 0 `done` gets zero when the bytes are with the system. */
  publish(message: OutboundPublish, done: (code: number | Error) => void): void;
}

export function startClient(stream: Duplex, options: LinkOptions, events: ClientEvents): Client {
  const version = { protocolVersion: options.protocolVersion };
  const aliased = options.autoTopicAlias ? abbreviate() : (message: OutboundPublish) => message;
  /** Packet ids of messages that were confirmed as having no subscribers: MQTT.js does not say so. */
  const unmatched = new Set<number>();
  const client = new MqttClient(() => stream as never, {
    ...clientOptions(options),
    timerVariant: {
      set: (_tick: () => void, ms: number) => setInterval(() => events.onKeepAlive(ms * 2), ms),
      clear: (timer: NodeJS.Timeout) => clearInterval(timer),
    } as never,
  });
  const receive = (packet: IPublishPacket, next: (error: Error) => void): void =>
    events.onPublish(packet, () => next(NOT_YET));
  client.handleMessage = receive;
  client.options.customHandleAcks = (_topic, _payload, packet, next) => {
    if (packet.qos === 2) receive(packet, next);
    else next(0);
  };
  client.on('connect', () => events.onUp());
  client.on('error', (error) => {
    if (error !== NOT_YET) events.onError(error);
  });
  client.on('packetreceive', (packet) => {
    // Of a packet that is too short. MQTT.js would answer it, and throw where nobody can catch that.
    if (packet.messageId === -1) {
      events.onError(new Error(`${packet.cmd} has no packet id`));
      packet.messageId = 0;
    }
    if ('reasonCode' in packet && packet.reasonCode === NO_SUBSCRIBERS && packet.messageId) {
      unmatched.add(packet.messageId);
    }
    events.onPacket(packet);
  });
  client.connect();

  const write = togetherOn(stream);
  return {
    write: (packet) => void mqttPacket.writeToStream(packet, stream, version),
    ping: () => client.sendPing(),
    subscribe({ filter, qos, noLocal, retainAsPublished, retainHandling, subscriptionId }, done) {
      const flags = { qos, nl: noLocal, rap: retainAsPublished, rh: retainHandling };
      const properties = subscriptionId && {
        properties: { subscriptionIdentifier: subscriptionId },
      };
      client.subscribe(filter, { ...flags, ...properties }, (error, _granted, packet) => {
        const code = packet?.granted[0];
        if (typeof code === 'number') done(code);
        else if (error) done(error);
      });
    },
    publish(message, done) {
      const packet = aliased(message, client.serverProperties?.topicAliasMaximum);
      const messageId = message.qos > 0 ? (client.messageIdProvider.allocate() ?? 0) : 0;
      const bytes = encodePublish(packet, messageId, options.protocolVersion);
      if (messageId === 0) return void stream.write(bytes, (error) => done(error ?? 0));
      const cb = (error?: Error | null): void => {
        if (error) done(reasonOf(error) ?? error);
        else done(unmatched.delete(messageId) ? NO_SUBSCRIBERS : 0);
      };
      client.outgoing[messageId] = { volatile: false, cmd: 'publish', cb };
      write(bytes);
    },
  };
}

/** Gives each topic an alias, as long as the broker takes more of them. */
function abbreviate(): (message: OutboundPublish, most?: number) => OutboundPublish {
  const aliases = new Map<string, number>();
  return (message, most = 0) => {
    const { topic, properties } = message;
    const known = aliases.get(topic);
    if (known === undefined && aliases.size >= most) return message;
    const topicAlias = known ?? aliases.size + 1;
    aliases.set(topic, topicAlias);
    const abbreviated = known === undefined ? topic : '';
    return { ...message, topic: abbreviated, properties: { ...properties, topicAlias } };
  };
}

/** Keeps nothing: what was written is never written again. So nothing is missing when it is confirmed. */
export class ForgetfulStore extends Store {
  override put(_packet: Packet, done?: () => void): this {
    done?.();
    return this;
  }

  override del(_packet: Pick<Packet, 'messageId'>, done: PacketCallback): this {
    done();
    return this;
  }
}

/** What is written within one turn of the event loop leaves in one write, as far as the stream has room. */
function togetherOn(stream: Duplex): (bytes: Buffer) => void {
  const leave = (): void => stream.uncork();
  return (bytes) => {
    if (stream.writableCorked === 0) {
      stream.cork();
      setImmediate(leave);
    }
    stream.write(bytes);
  };
}

/** The reason code that an error of MQTT.js carries. */
function reasonOf(error: Error): number | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' ? code : undefined;
}

function clientOptions(options: LinkOptions) {
  const { protocolVersion, clientId, clean, username, password, will, properties } = options;
  return {
    protocolVersion,
    clientId,
    clean,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(will && { will: { ...will, payload: Buffer.from(will.payload) } }),
    ...(protocolVersion === 5 && {
      properties: { ...properties, maximumPacketSize: options.maximumPacketSize },
    }),
    keepalive: options.keepaliveSeconds,
    connectTimeout: options.connectTimeoutMs,
    // An id is free only when its message is confirmed: no late answer meets another message.
    messageIdProvider: new UniqueMessageIdProvider(),
    outgoingStore: new ForgetfulStore(),
    manualConnect: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    reschedulePings: false,
    log: () => {},
  };
}

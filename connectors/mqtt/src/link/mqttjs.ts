// The one file that knows MQTT.js. One client serves one network connection, so nothing of it is ever
// queued, stored or sent again on another. What is used beyond its documentation, and proven for the
// pinned version by test/mqttjs-contract.test.ts:
// - `handleMessage` answered with an error sends no PUBACK, and the next packet is handled;
// - `options.customHandleAcks` may be set after construction, also for 3.1.1; an error sends no PUBREC,
//   is emitted, and the next packet is handled;
// - PUBREL is answered with PUBCOMP also when the store knows nothing of the message;
// - `timerVariant` may be a pair of functions, which get half of the keep-alive time;
// - while a packet is being handled, nothing more is read from the stream;
// - the table of reason codes of PUBACK and PUBREC lacks those that brokers send when a packet is too large.
import type { Duplex } from 'node:stream';
import {
  type IPublishPacket,
  MqttClient,
  type OnConnectCallback,
  UniqueMessageIdProvider,
} from 'mqtt';
import mqttPacket from 'mqtt-packet';
// @ts-expect-error it comes without types
import constants from 'mqtt-packet/constants.js';
import { LinkFault } from './fault.ts';

Object.assign(constants.MQTT5_PUBACK_PUBREC_CODES, {
  0x95: 'Packet too large',
  0x9a: 'Retain not supported',
  0x9b: 'QoS not supported',
});

/** Bytes that may be read before they are looked at, besides one packet. */
const READ_AHEAD = 256 * 1024;
const LEAVE_MS = 1000;
const NO_SUBSCRIBERS = 0x10;
const NOT_YET = new Error('acknowledged later, by the host');

export type InboundPublish = IPublishPacket & { readonly payload: Buffer };
export type Connack = Parameters<OnConnectCallback>[0];
export type Properties = NonNullable<IPublishPacket['properties']>;

export interface LinkOptions {
  readonly protocolVersion: 4 | 5;
  readonly clientId: string;
  readonly clean: boolean;
  readonly keepaliveSeconds: number;
  readonly connectTimeoutMs: number;
  readonly maximumPacketSize: number;
  readonly username?: string;
  readonly password?: string;
  /** Of CONNECT; only with MQTT 5. */
  readonly properties?: { sessionExpiryInterval: number; receiveMaximum?: number };
  readonly will?: NonNullable<ConstructorParameters<typeof MqttClient>[1]['will']>;
  readonly autoTopicAlias: boolean;
  /**
   * Packet ids of QoS 2 that were answered with PUBREC and not released yet: what comes once more under
   * one of them, in the same session, is the same message. Kept from link to link.
   */
  readonly recorded: Set<number>;
}

export interface Subscription {
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: number;
  readonly subscriptionId?: number;
}

export interface OutboundPublish {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly properties?: Properties;
}

/**
 * A message from the broker. Nothing more is read until `taken` is called, which acknowledges nothing.
 * May be called before the link is up, since a session's messages come with it.
 */
export type OnPublish = (packet: InboundPublish, link: Link, taken: () => void) => void;

/** One MQTT connection, from CONNECT to its end; it never comes back. */
export class Link {
  /** Resolves once, with the reason. */
  readonly ended: Promise<LinkFault>;
  readonly #end: (fault: LinkFault) => void;
  readonly #stream: Duplex;
  readonly #client: MqttClient;
  readonly #options: LinkOptions;
  readonly #onPublish: OnPublish;
  #connack: Connack | undefined;
  #fault: LinkFault | undefined;
  /** Messages that were not taken yet: one at most. */
  #holding = 0;
  #unhandledBytes = 0;
  /** Packet ids of messages confirmed as having no subscribers, which MQTT.js does not hand on. */
  readonly #unmatched = new Set<number>();
  #heardAt = performance.now();

  /**
   * Sends CONNECT over a connected stream and waits for CONNACK.
   * @throws LinkFault, or the signal's reason; the stream is closed then
   */
  static async open(
    stream: Duplex,
    options: LinkOptions,
    onPublish: OnPublish,
    signal: AbortSignal,
  ): Promise<Link> {
    const link = new Link(stream, options, onPublish);
    const abort = (): void => link.fail(new LinkFault('left', 'given up'));
    signal.addEventListener('abort', abort, { once: true });
    const failed = link.ended.then((fault) => {
      signal.throwIfAborted();
      throw fault;
    });
    try {
      await Promise.race([new Promise((up) => link.#client.once('connect', up)), failed]);
      return link;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  private constructor(stream: Duplex, options: LinkOptions, onPublish: OnPublish) {
    const { promise, resolve } = Promise.withResolvers<LinkFault>();
    this.ended = promise;
    this.#end = resolve;
    this.#stream = stream;
    this.#options = options;
    this.#onPublish = onPublish;
    this.#client = this.#createClient();
    this.#listen();
    this.#client.connect();
  }

  get sessionPresent(): boolean {
    return this.#connack?.sessionPresent ?? false;
  }

  /** What the broker takes. */
  get limits() {
    const properties = this.#connack?.properties;
    return {
      receiveMaximum: properties?.receiveMaximum ?? 65_535,
      maximumPacketSize: properties?.maximumPacketSize ?? 268_435_455,
      maximumQoS: properties?.maximumQoS ?? 2,
      retainAvailable: properties?.retainAvailable ?? true,
    };
  }

  /** Nobody knows how it ends when it is written now: the stream has more than it can send. */
  get congested(): boolean {
    return this.#stream.writableNeedDrain;
  }

  get isOver(): boolean {
    return this.#fault !== undefined;
  }

  onDrain(listener: () => void): void {
    this.#stream.on('drain', listener);
  }

  /** PUBACK or PUBREC for a message that came over this link; nothing when it is over. */
  acknowledge({ qos, messageId }: InboundPublish): void {
    if (this.isOver || !messageId) return;
    if (qos === 2) this.#options.recorded.add(messageId);
    this.#write({ cmd: qos === 2 ? 'pubrec' : 'puback', messageId, reasonCode: 0 });
  }

  /** Gives the reason code: the QoS granted, or 128 and above. Pending when the link ends. */
  subscribe(subscription: Subscription): Promise<number> {
    const { filter, qos, noLocal, retainAsPublished, retainHandling, subscriptionId } =
      subscription;
    const properties = subscriptionId && { properties: { subscriptionIdentifier: subscriptionId } };
    const options = { qos, nl: noLocal, rap: retainAsPublished, rh: retainHandling, ...properties };
    return new Promise((resolve) => {
      this.#client.subscribe(filter, options, (error, _granted, packet) => {
        const code = packet?.granted[0];
        if (typeof code === 'number') resolve(code);
        else if (error) this.fail(new LinkFault('protocol', error.message, { cause: error }));
      });
    });
  }

  /**
   * Sends one message now. `done` gets the reason code of the broker's last word, or for QoS 0 zero
   * when the bytes are with the system. It is not called when the link ends before.
   */
  publish(message: OutboundPublish, done: (code: number) => void): void {
    const { topic, payload, ...options } = message;
    this.#client.publish(topic, payload, options, (error, packet) => {
      if (this.isOver) return;
      const id = packet?.messageId ?? 0;
      const code = error ? codeOf(error) : this.#unmatched.delete(id) ? NO_SUBSCRIBERS : 0;
      if (code !== undefined) done(code);
      else this.fail(new LinkFault('protocol', String(error), { cause: error }));
    });
  }

  /** Says goodbye, so that the broker sends no will, and closes. Messages that come now are left. */
  async leave(): Promise<void> {
    if (!this.isOver) {
      this.#write({ cmd: 'disconnect', reasonCode: 0 });
      this.#fault = new LinkFault('left', 'disconnected');
      this.#stream.end();
      // The broker closes; it may also be gone.
      const timer = setTimeout(() => this.#stream.destroy(), LEAVE_MS);
      this.#stream.resume().once('close', () => clearTimeout(timer));
    }
    await this.ended;
  }

  /** Ends it at once. */
  fail(fault: LinkFault): void {
    this.#fault ??= fault;
    this.#stream.destroy();
  }

  #createClient(): MqttClient {
    const { protocolVersion, keepaliveSeconds, maximumPacketSize, properties } = this.#options;
    const { connectTimeoutMs, autoTopicAlias, clientId, clean, username, password, will } =
      this.#options;
    const client = new MqttClient(() => this.#stream as never, {
      clientId,
      clean,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(will && { will }),
      manualConnect: true,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      reschedulePings: false,
      keepalive: keepaliveSeconds,
      connectTimeout: connectTimeoutMs,
      protocolVersion,
      messageIdProvider: new UniqueMessageIdProvider(),
      autoAssignTopicAlias: autoTopicAlias,
      timerVariant: {
        set: (_tick: () => void, ms: number) => setInterval(() => this.#keepAlive(ms * 2), ms),
        clear: (timer: NodeJS.Timeout) => clearInterval(timer),
      } as never,
      log: () => {},
      ...(protocolVersion === 5 && { properties: { ...properties, maximumPacketSize } }),
    });
    client.handleMessage = (packet, next) => this.#receive(packet, next);
    client.options.customHandleAcks = (_topic, _payload, packet, next) => {
      if (packet.qos === 2) this.#receive(packet, next);
      else next(0);
    };
    return client;
  }

  #receive(packet: IPublishPacket, next: (error: Error) => void): void {
    if (this.isOver) return next(NOT_YET);
    const { qos, dup, messageId = 0 } = packet;
    if (qos === 2 && dup && this.#options.recorded.has(messageId)) {
      this.#write({ cmd: 'pubrec', messageId, reasonCode: 0 });
      return next(NOT_YET);
    }
    this.#holding += 1;
    this.#onPublish(packet as InboundPublish, this, () => {
      this.#holding -= 1;
      next(NOT_YET);
    });
  }

  #listen(): void {
    const stream = this.#stream;
    stream.on('error', (cause) => this.fail(new LinkFault('network', cause.message, { cause })));
    stream.on('close', () => this.#end((this.#fault ??= new LinkFault('closed', 'closed'))));
    stream.on('data', (chunk: Buffer) => this.#count(chunk.length));
    const client = this.#client;
    client.on('error', (error) => {
      if (error !== NOT_YET) this.fail(malformed(error));
    });
    client.on('packetreceive', (packet) => {
      this.#unhandledBytes = Math.max(0, this.#unhandledBytes - (packet.length ?? 0) - 5);
      if (packet.cmd === 'connack') {
        this.#connack = packet;
        const code = packet.reasonCode ?? packet.returnCode ?? 0;
        if (!packet.sessionPresent) this.#options.recorded.clear();
        if (code > 0) this.fail(new LinkFault('refused', 'refused by the broker', { code }));
      }
      if (packet.cmd === 'pubrel') this.#options.recorded.delete(packet.messageId ?? 0);
      if ('reasonCode' in packet && packet.reasonCode === NO_SUBSCRIBERS && packet.messageId) {
        this.#unmatched.add(packet.messageId);
      }
      if (packet.cmd === 'disconnect') {
        const code = packet.reasonCode ?? 0;
        this.fail(new LinkFault('disconnected', 'disconnected by the broker', { code }));
      }
    });
  }

  #count(bytes: number): void {
    this.#heardAt = performance.now();
    this.#unhandledBytes += bytes;
    const { maximumPacketSize } = this.#options;
    if (this.#unhandledBytes <= maximumPacketSize + READ_AHEAD) return;
    this.fail(new LinkFault('oversize', `a packet of more than ${maximumPacketSize} bytes`));
  }

  /** Twice within the time: a ping, and a look at when the broker was heard last. */
  #keepAlive(keepaliveMs: number): void {
    // Nothing is read while a message is held, so nothing is proven by silence.
    const silent = performance.now() - this.#heardAt >= keepaliveMs && this.#holding === 0;
    if (silent) this.fail(new LinkFault('silent', `nothing came for ${keepaliveMs} ms`));
    else this.#client.sendPing();
  }

  #write(packet: Parameters<typeof mqttPacket.writeToStream>[0]): void {
    const { protocolVersion } = this.#options;
    mqttPacket.writeToStream(packet, this.#stream, { protocolVersion } as never);
  }
}

function malformed(cause: Error): LinkFault {
  const code = codeOf(cause);
  const kind = code === 0x95 ? 'oversize' : 'protocol';
  return new LinkFault(kind, cause.message, { cause });
}

function codeOf(carrier: unknown): number | undefined {
  const { code, reasonCode } = (carrier ?? {}) as { code?: unknown; reasonCode?: unknown };
  if (typeof reasonCode === 'number') return reasonCode;
  return typeof code === 'number' ? code : undefined;
}

import type { Duplex } from 'node:stream';
import { abortable } from '@vrsky/runtime/plugin';
import type { Packet } from 'mqtt-packet';
import { Acks } from './acks.ts';
import { faultIn, LinkFault, protocolFault } from './fault.ts';
import { type Client, startClient } from './mqttjs.ts';
import {
  type Connack,
  type InboundPublish,
  type Limits,
  type LinkOptions,
  limitsOf,
  type OutboundPublish,
  type Subscription,
} from './packets.ts';
import { Reading } from './reading.ts';
import { end } from './socket.ts';

/** A broker that was heard so short a time ago need not be asked. */
const FRESH_MS = 1000;

/**
 * A message from the broker. Nothing more is read until `taken` is called, which acknowledges nothing.
 * May be called before the link is up, since a session's messages come with it. Throws if it is malformed.
 */
export type OnPublish = (packet: InboundPublish, link: Link, taken: () => void) => void;

/** One MQTT connection, from CONNECT to its end; it never comes back. */
export class Link {
  /** Resolves once, with the reason. */
  readonly ended: Promise<LinkFault>;
  readonly #stream: Duplex;
  readonly #client: Client;
  readonly #options: LinkOptions;
  readonly #onPublish: OnPublish;
  readonly #up = Promise.withResolvers<void>();
  readonly #acks: Acks;
  #connack: Connack | undefined;
  #fault: LinkFault | undefined;
  #holding = false;
  readonly #reading = new Reading();

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
    const fault = await abortable(Promise.race([link.#up.promise, link.ended]), signal).catch(() =>
      link.fail(new LinkFault('left', 'given up')),
    );
    signal.throwIfAborted();
    if (fault) throw fault;
    return link;
  }

  private constructor(stream: Duplex, options: LinkOptions, onPublish: OnPublish) {
    this.#stream = stream;
    this.#options = options;
    this.#onPublish = onPublish;
    this.#acks = new Acks((bytes) => {
      if (!this.isOver) stream.write(bytes);
    });
    this.ended = new Promise((resolve) => {
      stream.on('close', () => resolve((this.#fault ??= new LinkFault('closed', 'closed'))));
    });
    stream.on('error', (cause) => this.fail(new LinkFault('network', cause.message, { cause })));
    stream.on('data', (chunk: Buffer) => this.#count(chunk.length));
    this.#client = startClient(stream, options, {
      onPublish: (packet, next) => this.#receive(packet as InboundPublish, next),
      onPacket: (packet) => this.#note(packet),
      onUp: () => this.#up.resolve(),
      onError: (cause) => this.fail(protocolFault(cause)),
      onKeepAlive: (keepaliveMs) => this.#keepAlive(keepaliveMs),
    });
  }

  get sessionPresent(): boolean {
    return this.#connack?.sessionPresent ?? false;
  }

  /** What the broker takes. */
  get limits(): Limits {
    return limitsOf(this.#connack);
  }

  get isOver(): boolean {
    return this.#fault !== undefined;
  }
  /** The stream has more than it can send: what is written now would wait in a queue. */
  get congested(): boolean {
    return this.#stream.writableNeedDrain;
  }

  onDrain(listener: () => void): void {
    this.#stream.on('drain', listener);
  }

  /** PUBACK or PUBREC for a message that came over this link; nothing when it is over. */
  acknowledge({ qos, messageId }: InboundPublish): void {
    if (this.isOver || !messageId) return;
    if (qos === 2) this.#options.recorded.add(messageId);
    this.#acks.add(qos, messageId);
  }

  /** Gives the reason code: the QoS granted, or 128 and above. Pending when the link ends. */
  subscribe(subscription: Subscription): Promise<number> {
    return new Promise((resolve) => {
      this.#client.subscribe(subscription, (code) => this.#conclude(code, resolve));
    });
  }

  /**
   * Sends one message now. `done` gets the reason code of the broker's last word, or for QoS 0 zero
   * when the bytes are with the system. It is not called when the link ends before.
   */
  publish(message: OutboundPublish, done: (code: number) => void): void {
    this.#client.publish(message, (code) => this.#conclude(code, done));
  }

  /** Resolves when the broker answers a ping, or the link ends; at once while nothing is read. Rejects on abort. */
  async heard(signal: AbortSignal): Promise<void> {
    if (this.#holding || this.#reading.idleMs < FRESH_MS) return;
    this.#client.ping();
    await abortable(Promise.race([this.#reading.next, this.ended]), signal);
  }

  /** Says goodbye, so that the broker sends no will, and closes. Messages that come now are left. */
  async leave(): Promise<void> {
    if (!this.isOver) {
      this.#acks.send();
      this.#client.write({ cmd: 'disconnect', reasonCode: 0 });
      this.#fault = new LinkFault('left', 'disconnected');
      end(this.#stream);
    }
    await this.ended;
  }

  /** Ends it at once. */
  fail(fault: LinkFault): void {
    this.#fault ??= fault;
    this.#stream.destroy();
  }

  #conclude(code: number | Error, done: (code: number) => void): void {
    if (typeof code !== 'number') this.fail(protocolFault(code));
    else if (!this.isOver) done(code);
  }

  #receive(packet: InboundPublish, next: () => void): void {
    if (this.isOver) return next();
    const { qos, dup, messageId = 0 } = packet;
    if (qos === 2 && dup && this.#options.recorded.has(messageId)) {
      this.acknowledge(packet);
      return next();
    }
    this.#holding = true;
    try {
      this.#onPublish(packet, this, () => {
        this.#holding = false;
        next();
      });
    } catch (error) {
      this.fail(protocolFault(error as Error));
    }
  }

  #note(packet: Packet): void {
    const { recorded } = this.#options;
    this.#reading.handled(packet);
    if (packet.cmd === 'connack') {
      this.#connack = packet;
      if (!packet.sessionPresent) recorded.clear();
    } else if (packet.cmd === 'pubrel') {
      recorded.delete(packet.messageId ?? 0);
    }
    const fault = faultIn(packet);
    if (fault) this.fail(fault);
  }

  #count(bytes: number): void {
    const most = this.#options.maximumPacketSize;
    const tooMuch = this.#reading.read(bytes) > most;
    if (tooMuch) this.fail(new LinkFault('oversize', `a packet of more than ${most} bytes`));
  }

  #keepAlive(keepaliveMs: number): void {
    // Nothing is read while a message is held, so nothing is proven by silence.
    const silent = this.#reading.idleMs >= keepaliveMs && !this.#holding;
    if (silent) this.fail(new LinkFault('silent', `nothing came for ${keepaliveMs} ms`));
    else this.#client.ping();
  }
}

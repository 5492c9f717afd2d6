import { type ConnectionConfig, type Health, PluginError, timeoutMs } from '@vrsky/runtime';
import {
  type ConnectorHost,
  createIntake,
  type Intake,
  type Probe,
  type Source,
} from '@vrsky/runtime/plugin';
import type { SubscribeSettings } from './config.ts';
import { announce } from './link/birth.ts';
import type { Broker } from './link/broker.ts';
import { LinkFault } from './link/fault.ts';
import type { Link, OnPublish } from './link/link.ts';
import { type Opener, tokenOf } from './link/open.ts';
import type { InboundPublish, Subscription } from './link/packets.ts';
import { createProbe } from './link/probe.ts';
import { Uplink } from './link/uplink.ts';
import { Door } from './subscribe/door.ts';
import { drained } from './subscribe/drained.ts';
import { Inbox, type MqttMessage } from './subscribe/inbox.ts';
import { toMessage } from './subscribe/message.ts';
import { setUp } from './subscribe/setup.ts';
import { subscribeAll } from './subscribe/subscriptions.ts';
import type { TopicPattern } from './subscribe/topic-pattern.ts';

/** Takes messages in and tells the broker so only when the host has them. */
export class SubscribeSource implements Source<MqttMessage> {
  /** A message is the host's for as long as the link that brought it lives. */
  readonly ackTimeoutMs = undefined;
  readonly hasIntake: boolean = true;
  readonly #config: ConnectionConfig<SubscribeSettings>;
  readonly #host: ConnectorHost;
  readonly #intake: Intake<MqttMessage>;
  readonly #door: Door;
  /** Handed out, and neither settled nor withdrawn. */
  readonly #out = new Set<MqttMessage>();
  #pattern: TopicPattern | undefined;
  #uplink: Uplink | undefined;
  #subscribed = false;
  #sessionsLost = 0;
  #onOut: (() => void) | undefined;

  constructor(config: ConnectionConfig<SubscribeSettings>, host: ConnectorHost) {
    this.#config = config;
    this.#host = host;
    const { maxInFlight, maxInFlightBytes, qos0Overflow } = config.settings;
    this.#intake = createIntake({ maxCount: maxInFlight, maxBytes: maxInFlightBytes });
    this.#door = new Door(this.#intake, qos0Overflow);
  }

  get probe(): Probe {
    return createProbe(this.#config, this.#host, async () => {});
  }

  async validate(signal: AbortSignal): Promise<string[]> {
    const { warnings } = setUp(this.#config, this.#host).opener;
    await tokenOf(this.#config.settings, this.#host, signal);
    return warnings;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { opener, subscriptions, pattern } = setUp(this.#config, this.#host);
    this.#pattern = pattern;
    const { settings } = this.#config;
    for (const warning of opener.warnings) this.#host.log.warn(warning);
    const uplink = new Uplink({
      brokers: opener.brokers,
      settings,
      log: this.#host.log,
      connect: (broker, ends) => this.#connect(opener, broker, ends),
      prepare: (link) => this.#prepare(link, subscriptions),
    });
    await uplink.start(signal, timeoutMs(this.#config) / 2);
    this.#uplink = uplink;
  }

  async next(signal: AbortSignal): Promise<MqttMessage> {
    const message = await this.#intake.next(signal);
    // It may have been taken back before we were told of it.
    if (message.withdrawn) return this.next(signal);
    this.#out.add(message);
    this.#door.handedOut(message);
    return message;
  }

  ack(message: MqttMessage): void {
    this.#letGo(message);
    message.inbox?.settle(message);
  }

  nack(message: MqttMessage, kind: 'reject' | 'release'): void {
    if (kind === 'reject') this.ack(message);
    else this.#letGo(message);
  }

  async health(signal: AbortSignal): Promise<Health> {
    if (!this.#uplink) throw new PluginError('NOT_CONNECTED', 'mqtt-subscribe was not started');
    const { status, details } = await this.#uplink.health(signal);
    const { held } = this.#intake;
    return {
      status,
      details: {
        ...details,
        inFlight: String(held.count),
        inFlightBytes: String(held.bytes),
        qos0Dropped: String(this.#door.dropped),
        sessionsLost: String(this.#sessionsLost),
      },
    };
  }

  async stop(signal: AbortSignal): Promise<void> {
    this.#door.close();
    for (const message of this.#intake.drain()) this.#letGo(message);
    const onEmpty = (notify: () => void): void => void (this.#onOut = notify);
    await drained(() => this.#out.size === 0, onEmpty, this.#config.settings, signal);
    await this.#uplink?.stop();
  }

  #connect(opener: Opener, broker: Broker, signal: AbortSignal): Promise<Link> {
    let inbox: Inbox | undefined;
    const onPublish: OnPublish = (packet, link, taken) => {
      inbox ??= this.#openInbox(link);
      this.#receive(packet, inbox, taken);
    };
    return opener.open(broker, onPublish, signal);
  }

  /** Made for the first message of a link, and ends with the link. */
  #openInbox(link: Link): Inbox {
    const inbox = new Inbox(link, this.#config.settings.ackOrder === 'in-order');
    void link.ended.then(() => {
      for (const message of inbox.close()) {
        message.withdrawn = true;
        this.#letGo(message);
      }
      this.#door.retry();
    });
    return inbox;
  }

  #receive(packet: InboundPublish, inbox: Inbox, taken: () => void): void {
    const { settings } = this.#config;
    // With MQTT 5 the broker is asked not to send them.
    const skip = packet.retain && settings.retained === 'skip' && settings.protocolVersion === 4;
    const message: MqttMessage = {
      message: toMessage(packet, settings.defaultContentType, this.#pattern),
      packet,
      inbox: packet.qos > 0 ? inbox : undefined,
    };
    message.inbox?.add(message);
    if (skip) {
      message.inbox?.settle(message);
      taken();
    } else {
      this.#door.enter(message, taken);
    }
  }

  async #prepare(link: Link, subscriptions: readonly Subscription[]): Promise<void> {
    const { log } = this.#host;
    const { cleanStart, birth } = this.#config.settings;
    if (this.#subscribed && !link.sessionPresent && !cleanStart) {
      this.#sessionsLost += 1;
      this.#host.recordMetric('mqtt_session_lost', 1);
      log.warn('the broker has lost the session: messages of the meantime may be missing');
    }
    // Once for each process also with a session, since the settings may have changed.
    if (!this.#subscribed || !link.sessionPresent) {
      const granted = this.#subscribe(link, subscriptions);
      // A session's messages come before the answer, and may be more than there is room for until
      // the host takes some: then the answer is awaited while the link is up already.
      await Promise.race([granted, this.#door.blocked()]);
      granted.catch((error: unknown) =>
        link.fail(new LinkFault('subscription', '', { cause: error })),
      );
    }
    const code = await announce(link, birth);
    if (code) log.warn({ code }, 'the broker did not take the birth message');
  }

  async #subscribe(link: Link, subscriptions: readonly Subscription[]): Promise<void> {
    for (const filter of await subscribeAll(link, subscriptions)) {
      this.#host.log.warn(`the broker granted a lower QoS for ${filter}`);
    }
    this.#subscribed = true;
  }

  #letGo(message: MqttMessage): void {
    this.#out.delete(message);
    this.#door.leave(message);
    if (this.#out.size === 0) this.#onOut?.();
  }
}

import {
  type ConnectionConfig,
  type Health,
  type Message,
  PluginError,
  timeoutMs,
} from '@vrsky/runtime';
import type { ConnectorHost, Destination, Probe, SendOutcome } from '@vrsky/runtime/plugin';
import type { PublishSettings } from './config.ts';
import { publishError } from './errors.ts';
import { announce } from './link/birth.ts';
import type { Link } from './link/link.ts';
import { createOpener, type Opener, tokenOf } from './link/open.ts';
import { createProbe } from './link/probe.ts';
import { Uplink } from './link/uplink.ts';
import { createToPacket, type ToPacket } from './publish/packet.ts';
import { Window } from './publish/window.ts';

const NO_SUBSCRIBERS = 0x10;

/** Publishes each message; the broker's confirmation decides the outcome. */
export class PublishDestination implements Destination {
  /** As many as are under way by default; the broker confirms them about as fast as one. */
  readonly maxBatch = 64;
  readonly #config: ConnectionConfig<PublishSettings>;
  readonly #host: ConnectorHost;
  readonly #window: Window;
  #toPacket: ToPacket | undefined;
  #uplink: Uplink | undefined;

  constructor(config: ConnectionConfig<PublishSettings>, host: ConnectorHost) {
    this.#config = config;
    this.#host = host;
    const { maxInFlight, offline } = config.settings;
    const limitMs = config.settings.timeoutMs ?? timeoutMs(config);
    this.#window = new Window({ size: maxInFlight, timeoutMs: limitMs, offline });
  }

  get probe(): Probe {
    return createProbe(this.#config, this.#host, async (link) => this.#demand(link));
  }

  async validate(signal: AbortSignal): Promise<string[]> {
    createToPacket(this.#config.settings);
    const { warnings } = this.#createOpener();
    await tokenOf(this.#config.settings, this.#host, signal);
    return warnings;
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#toPacket = createToPacket(this.#config.settings);
    const opener = this.#createOpener();
    for (const warning of opener.warnings) this.#host.log.warn(warning);
    const uplink = new Uplink({
      brokers: opener.brokers,
      settings: this.#config.settings,
      log: this.#host.log,
      connect: (broker, ends) => opener.open(broker, (_packet, _link, taken) => taken(), ends),
      prepare: (link) => this.#prepare(link),
      onUp: (link) => this.#window.open(link),
      onDown: (fault, error) => this.#window.close(fault, error),
    });
    await uplink.start(signal, timeoutMs(this.#config) / 2);
    this.#uplink = uplink;
  }

  send(batch: readonly Message[], signal: AbortSignal): Promise<readonly SendOutcome[]> {
    return Promise.all(batch.map((message) => this.#publish(message, signal)));
  }

  async health(signal: AbortSignal): Promise<Health> {
    if (!this.#uplink) throw new PluginError('NOT_CONNECTED', 'mqtt-publish was not started');
    const { status, details } = await this.#uplink.health(signal);
    return { status, details: { ...details, inFlight: String(this.#window.underWay) } };
  }

  async stop(): Promise<void> {
    await this.#uplink?.stop();
    this.#window.stop();
  }

  #createOpener(): Opener {
    const autoTopicAlias = this.#config.settings.topicAlias === 'auto';
    return createOpener(this.#config, this.#host, { autoTopicAlias });
  }

  #demand({ limits: { maximumQoS, retainAvailable } }: Link): void {
    const { qos, retain } = this.#config.settings;
    if (qos > maximumQoS) throw notOffered('settings.qos', `QoS ${maximumQoS} at most`);
    if (retain && !retainAvailable) throw notOffered('settings.retain', 'no retained messages');
  }

  async #prepare(link: Link): Promise<void> {
    this.#demand(link);
    const code = await announce(link, this.#config.settings.birth);
    if (code) this.#host.log.warn({ code }, 'the broker did not take the birth message');
  }

  async #publish(message: Message, signal: AbortSignal): Promise<SendOutcome> {
    if (!this.#toPacket) throw new PluginError('NOT_CONNECTED', 'mqtt-publish was not started');
    try {
      const packet = this.#toPacket(message);
      const code = await this.#window.submit(message.id, packet, signal);
      const nobody = code === NO_SUBSCRIBERS;
      if (nobody && this.#config.settings.noMatchingSubscribers === 'ok') return {};
      return publishError(code, message.id) ?? {};
    } catch (error) {
      if (error instanceof PluginError) return error;
      throw error;
    }
  }
}

function notOffered(field: string, offer: string): PluginError {
  return new PluginError('INVALID_CONFIG', `${field}: the broker offers ${offer}`, { field });
}

import { type ConnectionConfig, type Health, PluginError, type Reply } from '@vrsky/runtime';
import { type ConnectorHost, createIntake, type Intake, type Source } from '@vrsky/runtime/plugin';
import type { FastifyReply } from 'fastify';
import type { WebhookSettings } from './config.ts';
import { answerSuccess, answerWith, refuse } from './webhook/answer.ts';
import { close } from './webhook/close.ts';
import { Door } from './webhook/door.ts';
import { Duplicates } from './webhook/duplicates.ts';
import type { WebhookEvent } from './webhook/event.ts';
import { formatAddress, type Listener, listen, probePort } from './webhook/listen.ts';
import { type Prepared, prepare } from './webhook/prepare.ts';
import { WebhookReception } from './webhook/reception.ts';
import { Refusal } from './webhook/refusal.ts';
import { longestAckTimeout } from './webhook/routes.ts';
import { Waiting } from './webhook/waiting.ts';
import { isLasting, openWarning } from './webhook/warnings.ts';

/** Messages answered already have no deadline: the longest that a timer can have. */
const NO_LIMIT_MS = 2 ** 31 - 1;

type Host = Pick<ConnectorHost, 'log' | 'getSecret' | 'hideSecret'>;
/** How the senders of an event are answered. */
type Outcome = (reply: FastifyReply) => void;

/** Takes requests in as messages and answers each one when its message is settled. */
export class WebhookSource implements Source<WebhookEvent> {
  readonly ackTimeoutMs: number;
  readonly hasIntake: boolean = true;
  readonly #config: ConnectionConfig<WebhookSettings>;
  readonly #host: Host;
  readonly #intake: Intake<WebhookEvent>;
  readonly #waiting = new Waiting<WebhookEvent>((event) => this.#expire(event));
  readonly #duplicates: Duplicates<WebhookEvent>;
  readonly #reception: WebhookReception;
  readonly #count = { overloaded: 0, expired: 0, unauthorized: 0, duplicates: 0 };
  #listener: (Listener & Pick<Prepared, 'certificate'>) | undefined;
  #stopping = false;
  /** Answered as received, and not taken by the host. */
  #lost = 0;

  constructor(config: ConnectionConfig<WebhookSettings>, host: Host) {
    const { settings } = config;
    this.#config = config;
    this.#host = host;
    this.ackTimeoutMs = longestAckTimeout(settings);
    this.#intake = createIntake({
      maxCount: settings.maxInFlight,
      maxBytes: settings.maxInFlightBytes,
    });
    this.#duplicates = new Duplicates(settings.replay);
    this.#reception = new WebhookReception({
      settings,
      log: host.log,
      duplicates: this.#duplicates,
      count: this.#count,
      door: new Door(this.#intake, (reply) => refuse(reply, this.#pushBack('too slow'))),
      onEvent: (event) => this.#take(event),
      pushBack: (text) => this.#pushBack(text),
    });
  }

  async validate(signal: AbortSignal, connected?: ConnectionConfig): Promise<string[]> {
    const { settings } = this.#config;
    const { warnings } = await prepare(this.#config, this.#host, this.#reception, signal);
    if (settings.probe) await probePort(settings, connected?.settings);
    return [...warnings];
  }

  async start(signal: AbortSignal): Promise<void> {
    const { settings } = this.#config;
    const prepared = await prepare(this.#config, this.#host, this.#reception, signal);
    const { server, certificate } = prepared;
    this.#listener = { ...(await listen(server, settings, signal)), certificate };
    server.on('error', (err) => this.#host.log.error({ err }, 'the webhook server failed'));
    const warning = openWarning(settings);
    if (warning) this.#host.log.warn(warning);
  }

  next(signal: AbortSignal): Promise<WebhookEvent> {
    return this.#intake.next(signal);
  }

  ack(event: WebhookEvent, wanted: Reply | undefined): void {
    const { success } = event.route;
    this.#settle(event, event.route.ackMode !== 'result', (reply) => {
      if (!wanted) answerSuccess(reply, success);
      else if (!answerWith(reply, wanted, success)) {
        const text = `the host acked with a reply that HTTP cannot carry; ${success.status} was answered`;
        this.#host.log.warn(text);
      }
    });
  }

  nack(event: WebhookEvent, kind: 'reject' | 'release'): void {
    const { ackMode, success } = event.route;
    if (kind === 'release') this.#settle(event, false, this.#refusing('the message was not taken'));
    else if (ackMode === 'result') {
      this.#settle(event, false, (reply) => refuse(reply, new Refusal(502, 'there is no result')));
    } else this.#settle(event, true, (reply) => answerSuccess(reply, success));
  }

  health(): Health {
    const { host, maxInFlight, maxInFlightBytes } = this.#config.settings;
    const { server, port = 0, certificate } = this.#listener ?? {};
    if (!server?.listening) {
      const text = `The webhook no longer listens on ${formatAddress(host, port)}`;
      throw new PluginError('CONNECTION_FAILED', text);
    }
    const { count, bytes } = this.#intake.held;
    const full = count >= maxInFlight * 0.9 || bytes >= maxInFlightBytes * 0.9;
    const counts = Object.entries(this.#count).map(([name, value]) => [name, String(value)]);
    return {
      status: full || (certificate && !isLasting(certificate)) ? 'degraded' : 'ok',
      details: {
        host,
        port: String(port),
        inFlight: String(count),
        inFlightBytes: String(bytes),
        ...Object.fromEntries(counts),
        ...(certificate && { certificateExpires: certificate.validToDate.toISOString() }),
      },
    };
  }

  async stop(signal: AbortSignal): Promise<void> {
    if (!this.#listener) return;
    this.#stopping = true;
    const drained = this.#waiting.drained(this.#config.settings.drainTimeoutMs, signal);
    const answered = drained.then(() => this.#waiting.expireAll());
    const closed = close(this.#listener, answered);
    this.#reception.close();
    for (const event of this.#intake.drain()) this.nack(event, 'release');
    await closed;
    if (this.#lost === 0) return;
    const text = `${this.#lost} messages were lost: ackMode "received" had answered their senders already`;
    this.#host.log.warn(text);
  }

  #take(event: WebhookEvent): void {
    const { ackMode, ackTimeoutMs, success } = event.route;
    const received = ackMode === 'received';
    this.#waiting.add(event, received ? NO_LIMIT_MS : ackTimeoutMs);
    this.#intake.push(event, event.room);
    if (!received) return;
    for (const reply of event.replies) answerSuccess(reply, success);
    event.replies = [];
  }

  #settle(event: WebhookEvent, acked: boolean, outcome: Outcome): void {
    if (this.#waiting.remove(event)) this.#finish(event, acked, outcome);
  }

  #expire(event: WebhookEvent): void {
    if (!this.#stopping) this.#count.expired += 1;
    event.withdrawn = true;
    this.#finish(event, false, this.#refusing('nobody has taken the message'));
  }

  #finish(event: WebhookEvent, acked: boolean, outcome: Outcome): void {
    const { key, room, joined, replies, route } = event;
    if (!acked && route.ackMode === 'received') this.#lost += 1;
    if (key !== undefined) this.#duplicates.end(key, acked);
    for (const one of [room, ...joined]) one.release();
    for (const reply of replies) {
      if (this.#stopping) reply.header('connection', 'close');
      outcome(reply);
    }
  }

  #refusing(text: string): Outcome {
    return (reply) => refuse(reply, this.#pushBack(text));
  }

  /** 503: the sender shall come again. */
  #pushBack(text: string): Refusal {
    return new Refusal(503, text, {
      'retry-after': String(this.#config.settings.retryAfterSeconds),
      ...(this.#stopping && { connection: 'close' }),
    });
  }
}

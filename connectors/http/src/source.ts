import type { Server } from 'node:http';
import { type ConnectionConfig, type Health, PluginError, type Reply } from '@vrsky/runtime';
import {
  type ConnectorHost,
  createIntake,
  Deadlines,
  type Incoming,
  type Intake,
  type Room,
  type Source,
} from '@vrsky/runtime/plugin';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WebhookSettings } from './config.ts';
import { createApp, type Door, refuse } from './webhook/app.ts';
import { close } from './webhook/close.ts';
import { formatAddress, listen, probePort } from './webhook/listen.ts';
import { toMessage } from './webhook/message.ts';
import { answerWith } from './webhook/reply.ts';

const NO_AUTHENTICATION = 'http-webhook takes requests from anybody: it has no authentication';

/** A request that waits for its answer: the answer is what settles it outside. */
interface WebhookRequest extends Incoming {
  readonly reply: FastifyReply;
  /** Reserved at the door. */
  readonly room: Room;
}

/** Takes requests in as messages and answers each one when its message is settled. */
export class WebhookSource implements Source<WebhookRequest>, Door {
  readonly ackTimeoutMs: number;
  readonly hasIntake: boolean = true;
  readonly #settings: WebhookSettings;
  readonly #log: ConnectorHost['log'];
  readonly #intake: Intake<WebhookRequest>;
  /** Admitted, and their bodies not complete. */
  readonly #reading = new Map<FastifyReply, Room>();
  /** Complete, and not answered. */
  readonly #waiting: Deadlines<WebhookRequest>;
  #server: Server | undefined;
  #port = 0;
  #stopping = false;
  #onDrained: (() => void) | undefined;
  readonly #count = { overloaded: 0, expired: 0 };

  constructor({ settings }: ConnectionConfig<WebhookSettings>, host: Pick<ConnectorHost, 'log'>) {
    this.#settings = settings;
    this.#log = host.log;
    this.ackTimeoutMs = settings.ackTimeoutMs;
    this.#intake = createIntake({
      maxCount: settings.maxInFlight,
      maxBytes: settings.maxInFlightBytes,
    });
    this.#waiting = new Deadlines(settings.ackTimeoutMs, (request) => {
      if (!this.#stopping) this.#count.expired += 1;
      request.withdrawn = true;
      this.#finish(request, () => this.#pushBack(request.reply, 'nobody has taken the message'));
    });
  }

  async validate(_signal: AbortSignal, connected?: ConnectionConfig): Promise<string[]> {
    await this.#createApp();
    return [NO_AUTHENTICATION, ...(await probePort(this.#settings, connected?.settings))];
  }

  async start(signal: AbortSignal): Promise<void> {
    const { server } = await this.#createApp();
    signal.throwIfAborted();
    this.#port = await listen(server, this.#settings);
    if (signal.aborted) await close(server, Promise.resolve());
    signal.throwIfAborted();
    this.#server = server;
    server.on('error', (err) => this.#log.error({ err }, 'the webhook server failed'));
    this.#log.warn(NO_AUTHENTICATION);
  }

  next(signal: AbortSignal): Promise<WebhookRequest> {
    return this.#intake.next(signal);
  }

  ack(request: WebhookRequest, reply: Reply | undefined): void {
    this.#settle(request, () => {
      if (answerWith(request.reply, reply)) return;
      this.#log.warn('the host acked with a reply that HTTP cannot carry; 202 was answered');
    });
  }

  nack(request: WebhookRequest, kind: 'reject' | 'release'): void {
    this.#settle(request, () => {
      if (kind === 'reject') answerWith(request.reply, undefined);
      else this.#pushBack(request.reply, 'the message was not taken');
    });
  }

  health(): Health {
    const { host, maxInFlight, maxInFlightBytes } = this.#settings;
    if (!this.#server?.listening) {
      const text = `The webhook no longer listens on ${formatAddress(host, this.#port)}`;
      throw new PluginError('CONNECTION_FAILED', text);
    }
    const { count, bytes } = this.#intake.held;
    const full = count >= maxInFlight * 0.9 || bytes >= maxInFlightBytes * 0.9;
    return {
      status: full ? 'degraded' : 'ok',
      details: {
        host,
        port: String(this.#port),
        inFlight: String(count),
        inFlightBytes: String(bytes),
        overloaded: String(this.#count.overloaded),
        expired: String(this.#count.expired),
      },
    };
  }

  async stop(signal: AbortSignal): Promise<void> {
    if (!this.#server) return;
    this.#stopping = true;
    const answered = this.#drained(signal).then(() => this.#waiting.expireAll());
    const closed = close(this.#server, answered);
    for (const reply of this.#reading.keys()) this.#pushBack(reply, 'shutting down');
    for (const request of this.#intake.drain()) this.nack(request, 'release');
    await closed;
  }

  admit(reply: FastifyReply, bytes: number): boolean {
    if (this.#stopping) {
      this.#pushBack(reply, 'shutting down');
      return false;
    }
    const room = this.#intake.reserve(bytes);
    if (!room) {
      this.#count.overloaded += 1;
      this.#pushBack(reply, 'too many requests at once');
      return false;
    }
    this.#reading.set(reply, room);
    // Ends the reading of a body that never comes, is too large, or is refused on the way.
    reply.raw.once('close', () => {
      if (this.#reading.delete(reply)) room.release();
    });
    return true;
  }

  receive(request: FastifyRequest, reply: FastifyReply): void {
    const room = this.#reading.get(reply);
    if (!room || reply.sent) return;
    const message = toMessage(request, this.#settings.routes !== undefined);
    this.#reading.delete(reply);
    // A chunked body has claimed the whole limit.
    room.shrinkTo(message.payload.length);
    const incoming: WebhookRequest = { message, reply, room };
    this.#waiting.add(incoming);
    this.#intake.push(incoming, room);
  }

  #createApp() {
    const { bodyLimitBytes, maxInFlightBytes } = this.#settings;
    if (maxInFlightBytes < bodyLimitBytes) {
      const field = 'settings.maxInFlightBytes';
      const text = `${field}: expected at least settings.bodyLimitBytes, ${bodyLimitBytes}`;
      throw new PluginError('INVALID_CONFIG', text, { field });
    }
    return createApp(this.#settings, this);
  }

  #settle(request: WebhookRequest, answer: () => void): void {
    if (this.#waiting.remove(request)) this.#finish(request, answer);
  }

  #finish({ reply, room }: WebhookRequest, answer: () => void): void {
    room.release();
    if (this.#stopping) reply.header('connection', 'close');
    answer();
    if (this.#waiting.size === 0) this.#onDrained?.();
  }

  /** 503: the sender shall come again. */
  #pushBack(reply: FastifyReply, error: string): void {
    refuse(reply, 503, error, {
      'retry-after': String(this.#settings.retryAfterSeconds),
      ...(this.#stopping && { connection: 'close' }),
    });
  }

  /** Resolves when every request is answered, or the time for that is over. */
  #drained(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, this.#settings.drainTimeoutMs);
      signal.addEventListener('abort', done, { once: true });
      this.#onDrained = done;
      if (signal.aborted || this.#waiting.size === 0) done();
    });
  }
}

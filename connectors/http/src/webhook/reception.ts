import type { IncomingMessage } from 'node:http';
import type { ConnectorHost, Room } from '@vrsky/runtime/plugin';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { checkHead, unauthorized } from './admission.ts';
import { answerSuccess } from './answer.ts';
import type { Reception } from './app.ts';
import { type Verifier, verifyAll } from './auth/verifier.ts';
import { decompress } from './decompress.ts';
import type { Door } from './door.ts';
import type { Duplicates } from './duplicates.ts';
import type { WebhookEvent } from './event.ts';
import { readEventId } from './event-id.ts';
import { MessageMaker } from './message.ts';
import type { Refusal } from './refusal.ts';
import type { Route } from './routes.ts';
import type { WebhookSettings } from './settings.ts';

const NO_BODY = Buffer.alloc(0);

/** What a request needs on its way in. */
export interface ReceptionParts {
  readonly settings: WebhookSettings;
  readonly log: ConnectorHost['log'];
  readonly door: Door;
  readonly duplicates: Duplicates<WebhookEvent>;
  readonly count: { overloaded: number; unauthorized: number; duplicates: number };
  /** Gets each event that is new; its sender waits. */
  readonly onEvent: (event: WebhookEvent) => void;
  /** Sends a sender away for now. */
  readonly pushBack: (text: string) => Refusal;
}

/** The way of a request from its head to an event, or to a refusal. */
export class WebhookReception implements Reception {
  readonly #parts: ReceptionParts;
  readonly #makers = new Map<Route, MessageMaker>();
  #closed = false;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
  }

  get open(): boolean {
    return !this.#closed && this.#parts.door.hasRoom;
  }

  /** Nobody comes in any more. */
  close(): void {
    this.#closed = true;
    this.#parts.door.close();
  }

  async admit(request: FastifyRequest, reply: FastifyReply, route: Route): Promise<void> {
    const { settings, door, count, pushBack } = this.#parts;
    const room = checkHead(request, route, settings.decompress, settings.defaultContentType);
    if (this.#closed) throw pushBack('shutting down');
    if (!door.open(reply, room)) {
      count.overloaded += 1;
      throw pushBack('too many requests at once');
    }
    await this.#verify(route.headVerifiers, request.raw, NO_BODY);
  }

  async receive(request: FastifyRequest, reply: FastifyReply, route: Route): Promise<void> {
    const raw = (request.body as Buffer | null | undefined) ?? NO_BODY;
    await this.#verify(route.bodyVerifiers, request.raw, raw);
    const greeting = greetingOf(route, raw);
    if (greeting !== undefined) return void reply.type('text/plain').send(greeting);
    const limits = this.#parts.settings.decompress;
    const payload =
      limits.maxBytes > 0
        ? await decompress(request.headers['content-encoding'], raw, limits)
        : raw;
    this.#take(request, reply, route, payload);
  }

  #take(request: FastifyRequest, reply: FastifyReply, route: Route, payload: Buffer): void {
    const { door, duplicates, onEvent } = this.#parts;
    const room = door.enter(reply);
    if (!room) return;
    const id = readEventId(route.eventId, request.headers, payload);
    const key = id === undefined ? undefined : `${route.path} ${id}`;
    const known = key === undefined ? 'nothing' : duplicates.find(key);
    if (known !== 'nothing') return this.#takeAgain(known, reply, room);
    const event: WebhookEvent = {
      message: this.#makerOf(route).make(request, id, payload),
      route,
      key,
      room,
      joined: [],
      replies: [reply],
    };
    // A chunked body has claimed the whole limit.
    room.shrinkTo(payload.length);
    if (key !== undefined) duplicates.begin(key, event);
    onEvent(event);
  }

  /** It is not taken twice. While it waits, both senders wait for the one answer. */
  #takeAgain(known: 'acked' | WebhookEvent, reply: FastifyReply, room: Room): void {
    this.#parts.count.duplicates += 1;
    if (known !== 'acked' && known.replies.length > 0) {
      room.shrinkTo(0);
      known.joined.push(room);
      known.replies.push(reply);
      return;
    }
    room.release();
    if (known === 'acked') void reply.code(200).send();
    else answerSuccess(reply, known.route.success);
  }

  async #verify(
    verifiers: readonly Verifier[],
    request: IncomingMessage,
    body: Uint8Array,
  ): Promise<void> {
    if (verifiers.length === 0) return;
    const { log, count, pushBack } = this.#parts;
    let verified: boolean;
    try {
      verified = await verifyAll(verifiers, request, body);
    } catch (err) {
      log.warn({ err }, 'a request could not be checked; its sender is to come again');
      throw pushBack('the request cannot be checked now');
    }
    if (verified) return;
    count.unauthorized += 1;
    throw unauthorized(verifiers);
  }

  #makerOf(route: Route): MessageMaker {
    let maker = this.#makers.get(route);
    if (!maker) this.#makers.set(route, (maker = new MessageMaker(this.#parts.settings, route)));
    return maker;
  }
}

/** The answer to a sender that only checks that we are there. */
function greetingOf({ bodyVerifiers }: Route, body: Uint8Array): string | undefined {
  for (const { handshake } of bodyVerifiers) {
    const answer = handshake?.(body);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

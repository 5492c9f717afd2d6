import { type Message, PluginError } from '@vrsky/runtime';
import type { SendOutcome } from '@vrsky/runtime/plugin';
import type { Composer, RestRequest } from './compose.ts';
import type { RestSettings } from './settings.ts';

interface Waiting {
  readonly signal: AbortSignal;
  /** Called at most once; nothing happens any more when its sender has left. */
  readonly settle: (outcome: SendOutcome) => void;
}

/** One attempt at a request; one outcome for each of its messages. */
type SendRequest = (request: RestRequest, signal: AbortSignal) => Promise<readonly SendOutcome[]>;

/**
 * Lets messages of several sends wait for each other, to share a request: until `lingerMs` after the
 * first, or until there are enough.
 */
export class Gatherer {
  readonly #settings: RestSettings['batch'];
  readonly #compose: Composer;
  readonly #send: SendRequest;
  readonly #waiting = new Map<Message, Waiting>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: RestSettings['batch'], compose: Composer, send: SendRequest) {
    this.#settings = settings;
    this.#compose = compose;
    this.#send = send;
  }

  /** On abort it rejects: a message that still waits is not sent, and others are not disturbed. */
  add(message: Message, signal: AbortSignal): Promise<SendOutcome> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const leave = (): void => {
        this.#remove(message);
        reject(signal.reason);
      };
      const settle = (outcome: SendOutcome): void => {
        signal.removeEventListener('abort', leave);
        resolve(outcome);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.set(message, { signal, settle });
      this.#bytes += message.payload.length;
      const { maxCount, maxBytes, lingerMs } = this.#settings;
      if (this.#waiting.size >= maxCount || this.#bytes >= maxBytes) this.#flush();
      else this.#timer ??= setTimeout(this.#flush, lingerMs);
    });
  }

  #remove(message: Message): void {
    if (!this.#waiting.delete(message)) return;
    this.#bytes -= message.payload.length;
    if (this.#waiting.size === 0) this.#stopTimer();
  }

  readonly #flush = (): void => {
    const waiting = new Map(this.#waiting);
    this.#waiting.clear();
    this.#bytes = 0;
    this.#stopTimer();
    for (const unit of this.#compose([...waiting.keys()])) {
      const senders = unit.messages.flatMap((message) => waiting.get(message) ?? []);
      if ('error' in unit) senders[0]?.settle(unit.error);
      else void this.#sendFor(senders, unit);
    }
  };

  /** A request belongs to all of its senders: it is ended when the last of them has left. */
  async #sendFor(senders: readonly Waiting[], request: RestRequest): Promise<void> {
    const ends = new AbortController();
    const leave = ({ target }: Event): void => {
      if (senders.every(({ signal }) => signal.aborted)) ends.abort((target as AbortSignal).reason);
    };
    for (const { signal } of senders) signal.addEventListener('abort', leave);
    try {
      const outcomes = await this.#send(request, ends.signal);
      for (const [i, { settle }] of senders.entries()) settle(outcomes[i] ?? {});
    } catch (error) {
      for (const { settle } of senders) settle(PluginError.from(error));
    } finally {
      for (const { signal } of senders) signal.removeEventListener('abort', leave);
    }
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

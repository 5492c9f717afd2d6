import { type Message, PluginError, type SendReceipt } from '@vrsky/runtime';
import type { CallOptions, SendStream } from '@vrsky/runtime/host';
import type { Link } from '../supervise/session.ts';

/** Sends over one stream for each connector process; one call for each message where it has no streams. */
export class Sender {
  readonly #signal: AbortSignal;
  /** Nothing in the promise: no streams. */
  #current: { readonly link: Link; readonly stream: Promise<SendStream | undefined> } | undefined;

  /** @param signal breaks the streams: what is under way is given up */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** One attempt, as the node's own `send`. */
  async send(link: Link, message: Message, options: CallOptions): Promise<SendReceipt> {
    const stream = await this.#streamTo(link);
    return (stream ?? link.node).send(message, options);
  }

  /** Resolves when the stream has ended; to be called when nothing is sent any more. */
  async close(): Promise<void> {
    const stream = await this.#current?.stream.catch(() => {});
    await stream?.close();
  }

  #streamTo(link: Link): Promise<SendStream | undefined> {
    if (this.#current?.link !== link) this.#current = { link, stream: this.#open(link) };
    return this.#current.stream;
  }

  /** A stream that is lost, or cannot be opened, is opened again by the next send. */
  async #open(link: Link): Promise<SendStream | undefined> {
    const forget = (): void => {
      if (this.#current?.link === link) this.#current = undefined;
    };
    try {
      const stream = await link.node.sendStream({ signal: this.#signal });
      void stream.closed.then(forget);
      return stream;
    } catch (error) {
      if (error instanceof PluginError && error.code === 'UNSUPPORTED') return undefined;
      forget();
      throw error;
    }
  }
}

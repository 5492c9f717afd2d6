import { once } from 'node:events';
import { createServer, type IncomingMessage as Request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ConnectionConfig, type Health, PluginError } from '@vrsky/runtime';
import { createIntake, type Incoming, type Source } from '@vrsky/runtime/plugin';

const BODY_LIMIT_BYTES = 1 << 20;

/** A request whose sender waits for the answer, until its message is settled. */
interface Waiting extends Incoming {
  readonly response: ServerResponse;
}

/** Takes requests in as messages, and answers each one when its message is settled. */
export class Webhook implements Source<Waiting> {
  readonly ackTimeoutMs: number = 10_000;
  readonly hasIntake: boolean = true;
  readonly #address: { readonly host: string; readonly port: number };
  // What is read, waits or is with the host, all together.
  readonly #intake = createIntake<Waiting>({ maxCount: 64, maxBytes: 64 * BODY_LIMIT_BYTES });
  readonly #server = createServer((request, response) => void this.#take(request, response));

  constructor(address: { readonly host: string; readonly port: number }) {
    this.#address = address;
  }

  /** Opens the port for a moment, unless it is the one that this process holds itself. */
  async validate(signal: AbortSignal, connected?: ConnectionConfig): Promise<string[]> {
    const held = connected?.settings;
    if (held?.['port'] !== this.#address.port) {
      await this.start(signal);
      await this.stop(signal);
    }
    return ['the webhook takes messages from anyone: this connector has no authentication'];
  }

  async start(signal: AbortSignal): Promise<void> {
    const { host, port } = this.#address;
    try {
      this.#server.listen(port, host);
      await once(this.#server, 'listening', { signal });
    } catch (cause) {
      this.#server.close();
      signal.throwIfAborted();
      throw new PluginError('CONNECTION_FAILED', `cannot listen on ${host}:${port}: use another`, {
        field: 'settings.port',
        cause,
      });
    }
  }

  next(signal: AbortSignal): Promise<Waiting> {
    return this.#intake.next(signal);
  }

  ack({ response }: Waiting): void {
    answer(response, 202);
  }

  nack({ response }: Waiting, kind: 'reject' | 'release'): void {
    answer(response, kind === 'reject' ? 202 : 503);
  }

  health(): Health {
    const address = this.#server.address() as AddressInfo | null;
    if (!address) throw new PluginError('CONNECTION_FAILED', 'the webhook no longer listens');
    const waiting = String(this.#intake.held.count);
    return { status: 'ok', details: { port: String(address.port), waiting } };
  }

  /** Senders whose messages are with the host wait for their answers, until `signal` aborts. */
  async stop(signal: AbortSignal): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const waiting of this.#intake.drain()) this.nack(waiting, 'release');
    const cut = (): void => this.#server.closeAllConnections();
    if (signal.aborted) cut();
    else signal.addEventListener('abort', cut, { once: true });
    await closed;
  }

  async #take(request: Request, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return answer(response, 405);
    // Before the body is read: what is not admitted takes no memory.
    const room = this.#server.listening ? this.#intake.reserve(BODY_LIMIT_BYTES) : undefined;
    if (!room) return answer(response, 503);
    response.once('close', () => room.release());
    const payload = await read(request).catch(() => undefined);
    if (!payload || !this.#server.listening) return answer(response, payload ? 503 : 413);
    room.shrinkTo(payload.length);

    const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
    const contentType = request.headers['content-type'] ?? 'application/octet-stream';
    const message = { payload, contentType, headers: Object.fromEntries(headers) };
    const waiting: Waiting = { response, message };
    const late = setTimeout(() => answer(response, 503), this.ackTimeoutMs);
    response.once('close', () => {
      clearTimeout(late);
      waiting.withdrawn = true; // answered, or its sender has gone and repeats it
    });
    this.#intake.push(waiting, room);
  }
}

/** Rejects when the body is above the limit, or its sender has gone. */
async function read(request: Request): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT_BYTES) throw new RangeError('body above the limit');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** 503 asks the sender to repeat; only the first answer counts. */
function answer(response: ServerResponse, status: number): void {
  if (response.headersSent) return;
  const close = status === 202 ? {} : { connection: 'close' };
  response.writeHead(status, { ...close, ...(status === 503 && { 'retry-after': '5' }) }).end();
}

// node numbered-connector.ts: a connector whose outside is a file, which no kill can make forget anything.
import {
  type Destination,
  defineConnector,
  type Incoming,
  type Source,
  serve,
} from '../../packages/runtime/src/plugin/index.ts';
import { numberOf, payloadOf } from '../support/numbered.ts';
import { type Outside, openOutside } from '../support/outside.ts';

interface Settings {
  /** Of the outside. */
  readonly file: string;
  /** How many messages there are, numbered from 0. */
  readonly count: number;
  /** Of each message. */
  readonly bytes: number;
  readonly ackTimeoutMs?: number;
}

interface Numbered extends Incoming {
  readonly n: number;
}

/** Hands out what nobody has acked, in order. */
class NumberedSource implements Source<Numbered> {
  readonly ackTimeoutMs: number | undefined;
  readonly #settings: Settings;
  #outside: Outside | undefined;
  #acked: ReadonlySet<number> = new Set();
  #next = 0;
  #unrecorded: number[] = [];
  #recording: Promise<void> | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.ackTimeoutMs = settings.ackTimeoutMs;
  }

  async start(): Promise<void> {
    this.#outside = openOutside(this.#settings.file);
    this.#acked = this.#outside.acked();
  }

  next(signal: AbortSignal): Promise<Numbered> {
    while (this.#acked.has(this.#next)) this.#next += 1;
    const n = this.#next++;
    return new Promise((resolve, reject) => {
      const { count, bytes } = this.#settings;
      if (n < count) resolve({ n, message: { id: `m-${n}`, payload: payloadOf(n, bytes) } });
      else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  /** Those of one turn of the event loop are recorded together. */
  ack({ n }: Numbered): Promise<void> {
    this.#unrecorded.push(n);
    this.#recording ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#recording = undefined;
      this.#outside?.recordAcks(this.#unrecorded.splice(0));
    });
    return this.#recording;
  }

  nack(): void {}

  async stop(): Promise<void> {
    await this.#recording;
    this.#outside?.close();
  }
}

function numberedDestination({ file }: Settings): Destination {
  let outside: Outside | undefined;
  return {
    maxBatch: 256,
    async start() {
      outside = openOutside(file);
    },
    async send(batch) {
      outside?.recordSent(batch.map(({ payload }) => numberOf(payload)));
      return batch.map(() => ({}));
    },
    async stop() {
      outside?.close();
    },
  };
}

const connector = defineConnector({
  metadata: {
    id: 'numbered',
    name: 'numbered-connector',
    version: '1.0.0',
    description: 'Receives numbered messages from a file, and records there what is sent',
    author: 'VRSky',
    documentation: '',
    capabilities: [],
  },
  incoming: {
    types: ['numbered-in'],
    settings: {},
    source: ({ settings }) => new NumberedSource(settings as Settings),
  },
  outgoing: {
    types: ['numbered-out'],
    settings: {},
    destination: ({ settings }) => numberedDestination(settings as Settings),
  },
});

void serve(async () => ({ connector }));

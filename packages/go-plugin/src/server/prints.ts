import { logToStderr } from './stderr.ts';

export interface PrintedChunk {
  readonly channel: 'stdout' | 'stderr';
  readonly data: Uint8Array;
}

/** What the plugin prints after its handshake, until the host's stdio stream takes it. */
export interface Prints {
  /**
   * Takes all chunks of at most 1 KiB, in printing order, until `end()`. There is one reader: a new one ends the one
   * before. What a reader took is not repeated for the next.
   */
  read(signal: AbortSignal): AsyncGenerator<PrintedChunk>;
  /** Lets the reader finish with what is queued. */
  end(): void;
}

interface Waiting extends PrintedChunk {
  /** Tells the printer that it may go on. */
  readonly taken: () => void;
}

const longestChunk = 1024;
/** From here on `write` answers false, and printers that care wait for `drain`. */
const pushBackBytes = 256 * 1024;
/** `console.log` cannot wait. Beyond this its output is counted instead of kept: nobody has read for a long time. */
const mostBytes = 16 * 1024 * 1024;

/** Prints, and how to print. */
export function createPrints(): {
  readonly prints: Prints;
  /** Like a stream's `write`: false means that it is better to wait for `drain` of the printing streams. */
  print(channel: PrintedChunk['channel'], data: Uint8Array, taken: () => void): boolean;
} {
  const queue: Waiting[] = [];
  let bytes = 0;
  let discarded = 0;
  let pushedBack = false;
  let ended = false;
  let reader: AbortSignal | undefined;
  let wake: (() => void) | undefined;

  const print = (
    channel: PrintedChunk['channel'],
    data: Uint8Array,
    taken: () => void,
  ): boolean => {
    if (data.length === 0 || bytes + data.length > mostBytes) {
      discarded += data.length;
      process.nextTick(taken);
      return true;
    }
    bytes += data.length;
    queue.push({ channel, data, taken });
    wake?.();
    pushedBack ||= bytes >= pushBackBytes;
    return !pushedBack;
  };
  const take = ({ data, taken }: Waiting): void => {
    queue.shift();
    bytes -= data.length;
    taken();
    if (pushedBack && bytes < pushBackBytes) {
      pushedBack = false;
      process.stdout.emit('drain');
      process.stderr.emit('drain');
    }
    if (discarded > 0) {
      logToStderr('warn', 'printed output was discarded: the host did not read it', {
        bytes: discarded,
      });
      discarded = 0;
    }
  };

  const prints: Prints = {
    end: () => {
      ended = true;
      wake?.();
    },
    async *read(signal) {
      reader = signal;
      const isReader = (): boolean => !signal.aborted && reader === signal;
      wake?.();
      signal.addEventListener('abort', () => wake?.(), { once: true });
      while (isReader()) {
        const next = queue[0];
        if (next) {
          take(next);
          for (let at = 0; at < next.data.length; at += longestChunk) {
            yield { channel: next.channel, data: next.data.subarray(at, at + longestChunk) };
          }
        } else if (ended) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
  return { prints, print };
}

type Rewrite = (text: string) => string;

/** Redirects `process.stdout` and `process.stderr`, and with them the console. For the whole process, and for good. */
export function capturePrints(rewrite?: Rewrite): Prints {
  const { prints, print } = createPrints();
  redirect(process.stdout, rewrite, (data, taken) => print('stdout', data, taken));
  redirect(process.stderr, rewrite, (data, taken) => print('stderr', data, taken));
  return prints;
}

function redirect(
  stream: NodeJS.WriteStream,
  rewrite: Rewrite | undefined,
  print: (data: Uint8Array, taken: () => void) => boolean,
): void {
  stream.on('error', () => {}); // EPIPE of what was printed before, when the host is gone
  stream.write = (
    chunk: Uint8Array | string,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    callback?: (error?: Error | null) => void,
  ): boolean => {
    const done = typeof encoding === 'function' ? encoding : callback;
    const charset = typeof encoding === 'string' ? encoding : 'utf8';
    // A copy: printers may reuse their buffer as soon as they are told to go on.
    const data = typeof chunk === 'string' ? Buffer.from(chunk, charset) : Buffer.from(chunk);
    return print(rewrite ? rewritten(data, rewrite) : data, () => done?.());
  };
}

/** The same bytes unless the text becomes another one: what is no text would not survive decoding. */
function rewritten(data: Buffer, rewrite: Rewrite): Uint8Array {
  const text = data.toString();
  const other = rewrite(text);
  return other === text ? data : Buffer.from(other);
}

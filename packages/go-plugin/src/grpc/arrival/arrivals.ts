import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { FrameTap } from './frame-tap.ts';

/** An answer that has left, or will, and of which it is not known yet whether it arrived. */
interface Answer {
  readonly streamId: number;
  readonly settle: (arrived: boolean) => void;
  left: boolean;
  reset: boolean;
  /** Whether a PING that was sent after the answer has come back already. */
  confirmedOnce: boolean;
}

/**
 * Which answers of one connection have arrived. A client handles frames in order: when it returns a PING that was sent
 * after an answer's last frame, and has not reset the call before, its call has succeeded. Two PINGs in turn, because
 * clients on gRPC's C core may write the return of a PING before a RST_STREAM that was queued earlier.
 */
class Arrivals {
  readonly #session: ServerHttp2Session;
  readonly #tap: FrameTap;
  /** Left since the last PING. */
  #waiting: Answer[] = [];
  /** Left before the PING that is under way; there is one at a time. */
  #pinged: Answer[] = [];
  #pinging = false;

  constructor(session: ServerHttp2Session, tap: FrameTap) {
    this.#session = session;
    this.#tap = tap;
    session.once('close', () => this.#settleAll(false));
  }

  follow(stream: ServerHttp2Stream, streamId: number, settle: (arrived: boolean) => void): void {
    const answer = { streamId, settle, left: false, reset: false, confirmedOnce: false };
    this.#tap.watch(streamId, () => {
      answer.reset = true;
      if (answer.left) this.#drop(answer);
    });
    stream.once('close', () => {
      answer.left = true;
      if (answer.reset || !hasLeft(stream) || this.#session.destroyed) this.#settle(answer, false);
      else this.#leave(answer);
    });
  }

  #leave(answer: Answer): void {
    this.#waiting.push(answer);
    if (!this.#pinging) this.#ping();
  }

  /** Behind the last frames of all that wait: node:http2 closes a stream when it has serialised them. */
  #ping(): void {
    this.#pinged = this.#waiting;
    this.#waiting = [];
    this.#pinging = true;
    if (this.#session.destroyed) this.#settleAll(false);
    else this.#session.ping((error) => this.#returned(error));
  }

  #returned(error: Error | null): void {
    const pinged = this.#pinged;
    this.#pinged = [];
    this.#pinging = false;
    for (const answer of pinged) {
      if (error || answer.confirmedOnce) this.#settle(answer, !error);
      else {
        answer.confirmedOnce = true;
        this.#waiting.push(answer);
      }
    }
    // One that was settled may have made another leave, and so a PING.
    if (this.#waiting.length > 0 && !this.#pinging) this.#ping();
  }

  /** The client did not take it: its message need not wait for a PING to come again. */
  #drop(answer: Answer): void {
    this.#waiting = this.#waiting.filter((one) => one !== answer);
    this.#pinged = this.#pinged.filter((one) => one !== answer);
    this.#settle(answer, false);
  }

  #settleAll(arrived: boolean): void {
    const all = [...this.#pinged, ...this.#waiting];
    this.#pinged = [];
    this.#waiting = [];
    for (const answer of all) this.#settle(answer, arrived);
  }

  #settle({ streamId, settle }: Answer, arrived: boolean): void {
    this.#tap.unwatch(streamId);
    settle(arrived);
  }
}

const tapped = new WeakMap<object, Arrivals>();

/** Called for each session on a tapped socket, before its first stream. */
export function observeArrivals(session: ServerHttp2Session, tap: FrameTap): void {
  tapped.set(session, new Arrivals(session, tap));
}

/**
 * Reports once whether the client has taken the answer of this stream: false as soon as the call is reset or its
 * connection ends, also after the answer has left; true when the client has confirmed it. On a connection that is not
 * observed (`ServeOptions.confirmAnswers`), true means only that the answer has left.
 */
export function whenArrived(stream: ServerHttp2Stream, report: (arrived: boolean) => void): void {
  const { session, id } = stream;
  if (stream.closed || !session || id === undefined) return report(false);
  const arrivals = tapped.get(session);
  if (arrivals) arrivals.follow(stream, id, report);
  else stream.once('close', () => report(hasLeft(stream)));
}

function hasLeft({ rstCode, writableFinished, aborted }: ServerHttp2Stream): boolean {
  return rstCode === 0 && writableFinished && !aborted;
}

import type { ClientHttp2Session } from 'node:http2';
import type { Session } from './session.ts';

/** For answers that are on their way when a server has said goodbye and listens no more. */
const lastAnswersMs = 200;
/** A server that says goodbye sooner than this after a redial would be dialled for ever. */
const shortestLifeMs = 100;

/**
 * The sessions of one connection. When the server says goodbye (GOAWAY without an error, as at the end of a connection's
 * maximal age) the address is dialled again: new calls go there, and those under way end on the session that they began
 * on. The connection is lost as soon as the newest session ends.
 */
export interface Sessions {
  /** For the next call; destroyed when the connection is lost. */
  current(): ClientHttp2Session;
  /** What HTTP/2 said of the end of a session, if anything. */
  whatWasSaid(): unknown;
  /** Resolves when all sessions are gone. */
  readonly closed: Promise<void>;
  /** Drops all sessions and their calls. Idempotent. */
  close(): Promise<void>;
}

export function keepOpen(first: Session, dial: () => Session): Sessions {
  const open = new Set<Session>();
  const closed = Promise.withResolvers<void>();
  let current = first;
  let dialledAt = Number.NEGATIVE_INFINITY;
  let said: unknown;
  let ended = false;

  const use = (session: Session): void => {
    current = session;
    open.add(session);
    session.http2.on('error', (error) => (said = error));
    // It comes before the session takes no more calls: there is always one that does.
    session.http2.on('goaway', (code) => {
      if (code !== 0) said = new Error(`the server sent GOAWAY with code ${code}`);
      else if (session === current) dialAgain();
    });
    void session.closed.then(() => {
      open.delete(session);
      if (session === current) void end(lastAnswersMs);
    });
  };
  const dialAgain = (): void => {
    if (ended) return;
    const now = performance.now();
    if (now - dialledAt < shortestLifeMs) {
      void end(lastAnswersMs);
      return;
    }
    dialledAt = now;
    use(dial());
    current.ready().catch(current.drop);
  };
  const end = async (graceMs: number): Promise<void> => {
    if (ended) return;
    ended = true;
    const timer = setTimeout(() => open.forEach(({ drop }) => drop()), graceMs);
    await Promise.all(Array.from(open, (session) => session.closed));
    clearTimeout(timer);
    closed.resolve();
  };
  use(first);
  return {
    current: () => current.http2,
    whatWasSaid: () => said,
    closed: closed.promise,
    close: () => {
      void end(0);
      for (const session of open) session.drop();
      return closed.promise;
    },
  };
}

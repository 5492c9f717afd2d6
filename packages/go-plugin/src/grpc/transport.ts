import type { ClientHttp2Session } from 'node:http2';
import { ConnectError, type Interceptor, type Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import type { Loss } from './loss.ts';

/** The HTTP/2 connection below a transport, for calls that are framed by hand. */
export interface CallConnection {
  readonly session: ClientHttp2Session;
  /** Scheme and host of all calls. */
  readonly origin: string;
  /** Largest message to receive, in bytes; above it calls fail RESOURCE_EXHAUSTED. */
  readonly maxMessageBytes: number;
  readonly loss: Loss;
}

/** A Connect transport on one given session. Connect's own session manager would dial again behind our back. */
export function connectionTransport(connection: CallConnection): Transport {
  const { session, origin, maxMessageBytes, loss } = connection;
  return createGrpcTransport({
    baseUrl: origin,
    acceptCompression: [],
    readMaxBytes: maxMessageBytes,
    interceptors: [unavailableWhenLost(session, loss)],
    sessionManager: {
      authority: origin,
      request: async (method, path, headers, init) => {
        if (session.closed || session.destroyed) throw await loss.error();
        return session.request({ ...headers, ':method': method, ':path': path }, init);
      },
      notifyResponseByteRead: () => {},
    },
  });
}

function unavailableWhenLost(session: ClientHttp2Session, loss: Loss): Interceptor {
  const explain = async (thrown: unknown, signal: AbortSignal): Promise<ConnectError> =>
    signal.aborted ? ConnectError.from(thrown) : loss.explain(thrown);
  const answered = unlessClosed(session);
  return (next) => async (request) => {
    try {
      const response = await answered(next(request));
      if (!response.stream) return response;
      return { ...response, message: explained(response.message, request.signal) };
    } catch (error) {
      throw await explain(error, request.signal);
    }
  };
  async function* explained<T>(messages: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
    try {
      yield* messages;
    } catch (error) {
      throw await explain(error, signal);
    }
  }
}

/**
 * When a server says goodbye and hangs up at once, Node.js closes a call that waits for its answer without an error, and
 * Connect would wait forever. Whatever is still open a turn after the session's end has no answer to wait for.
 */
function unlessClosed(session: ClientHttp2Session): <T>(answer: Promise<T>) => Promise<T> {
  const waiting = new Set<(error: Error) => void>();
  session.once('close', () =>
    setImmediate(() => {
      for (const reject of waiting) reject(new Error('the server hung up without an answer'));
    }),
  );
  return (answer) =>
    new Promise((resolve, reject) => {
      waiting.add(reject);
      answer.then(resolve, reject).finally(() => waiting.delete(reject));
    });
}

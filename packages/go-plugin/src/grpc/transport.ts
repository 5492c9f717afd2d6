import type { ClientHttp2Session } from 'node:http2';
import { Code, ConnectError, type Interceptor, type Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { reasonOf } from '../errors.ts';

export interface SessionTransportOptions {
  readonly maxMessageBytes: number;
  /** Asked when the connection is lost, by each call that failed for it: the cause behind it, if it is known soon. */
  readonly whyLost?: (() => Promise<Error | undefined>) | undefined;
}

/** A Connect transport on one given session. Connect's own session manager would dial again behind our back. */
export function sessionTransport(
  session: ClientHttp2Session,
  origin: string,
  options: SessionTransportOptions,
): Transport {
  const lost = lostConnection(session, options.whyLost);
  return createGrpcTransport({
    baseUrl: origin,
    acceptCompression: [],
    readMaxBytes: options.maxMessageBytes,
    interceptors: [unavailableWhenLost(session, lost)],
    sessionManager: {
      authority: origin,
      request: async (method, path, headers, init) => {
        if (session.closed || session.destroyed) throw await lost();
        return session.request({ ...headers, ':method': method, ':path': path }, init);
      },
      notifyResponseByteRead: () => {},
    },
  });
}

type Lost = (symptom?: unknown) => Promise<ConnectError>;

/** By priority, not by what is noticed first: the cause behind the loss, then what HTTP/2 says of it. */
function lostConnection(
  session: ClientHttp2Session,
  whyLost: SessionTransportOptions['whyLost'],
): Lost {
  let said: unknown;
  session.on('error', (error) => (said ??= error));
  session.on('goaway', (code) => {
    if (code !== 0) said ??= new Error(`the server sent GOAWAY with code ${code}`);
  });
  return async (symptom) => {
    const known = await whyLost?.();
    const cause = known ?? said ?? symptom;
    const [text = ''] = cause ? reasonOf(cause).split('\n') : [];
    const message = known ? text : `the connection is lost${text && `: ${text}`}`;
    return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
  };
}

/** Node.js reports calls of a lost connection as cancelled, aborted or internal; to a caller all of them are UNAVAILABLE. */
function unavailableWhenLost(session: ClientHttp2Session, lost: Lost): Interceptor {
  const symptoms = new Set([Code.Canceled, Code.Aborted, Code.Internal, Code.Unknown]);
  const translate = async (thrown: unknown, signal: AbortSignal): Promise<ConnectError> => {
    const error = ConnectError.from(thrown);
    const answered = error.metadata.has('grpc-status'); // the server still told how the call went
    const gone = session.destroyed && !signal.aborted && !answered && symptoms.has(error.code);
    return gone ? lost(error) : error;
  };
  const answered = unlessClosed(session);
  return (next) => async (request) => {
    try {
      const response = await answered(next(request));
      if (!response.stream) return response;
      return { ...response, message: translated(response.message, request.signal) };
    } catch (error) {
      throw await translate(error, request.signal);
    }
  };
  async function* translated<T>(
    messages: AsyncIterable<T>,
    signal: AbortSignal,
  ): AsyncGenerator<T> {
    try {
      yield* messages;
    } catch (error) {
      throw await translate(error, signal);
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

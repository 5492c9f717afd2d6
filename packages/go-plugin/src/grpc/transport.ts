import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
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
    interceptors: [unavailableWhenLost(loss)],
    sessionManager: {
      authority: origin,
      request: async (method, path, headers, init) => {
        if (session.closed || session.destroyed) throw await loss.error();
        const stream = session.request({ ...headers, ':method': method, ':path': path }, init);
        failWithoutAnswer(stream);
        return stream;
      },
      notifyResponseByteRead: () => {},
    },
  });
}

function unavailableWhenLost(loss: Loss): Interceptor {
  const explain = async (thrown: unknown, signal: AbortSignal): Promise<ConnectError> =>
    signal.aborted ? ConnectError.from(thrown) : loss.explain(thrown);
  return (next) => async (request) => {
    try {
      const response = await next(request);
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
 * A server that resets a call without an error, or says goodbye and hangs up at once, leaves it closed without a word:
 * Node.js reports no error, and Connect would wait forever for the head of the answer.
 */
function failWithoutAnswer(stream: ClientHttp2Stream): void {
  let answered = false;
  stream.on('error', () => {}); // Connect listens for itself, but not at once
  stream.once('response', () => {
    answered = true;
  });
  stream.once('close', () => {
    if (!answered && !stream.rstCode)
      stream.emit('error', new Error('the server hung up without an answer'));
  });
}

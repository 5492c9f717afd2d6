import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { Code, ConnectError, type Interceptor, type Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { tooLarge } from './heads.ts';
import type { Loss } from './loss.ts';

/** The HTTP/2 connection below a transport, for calls that are framed by hand. */
export interface CallConnection {
  /** The session for the next call: ask for it each time. Destroyed when the connection is lost. */
  readonly session: ClientHttp2Session;
  /** Scheme and host of all calls. */
  readonly origin: string;
  /** Largest message to receive, in bytes; above it calls fail RESOURCE_EXHAUSTED. */
  readonly maxMessageBytes: number;
  readonly loss: Loss;
}

/** A Connect transport on one given session. Connect's own session manager would dial again behind our back. */
export function connectionTransport(connection: CallConnection): Transport {
  const { origin, maxMessageBytes, loss } = connection;
  return createGrpcTransport({
    baseUrl: origin,
    acceptCompression: [],
    readMaxBytes: maxMessageBytes,
    interceptors: [unavailableWhenLost(connection)],
    sessionManager: {
      authority: origin,
      request: async (method, path, headers, init) => {
        const { session } = connection;
        if (session.closed || session.destroyed) throw await loss.error();
        const head = { ...headers, ':method': method, ':path': path };
        const refused = tooLarge(session, head);
        if (refused) throw new ConnectError(refused, Code.ResourceExhausted);
        const stream = session.request(head, init);
        failWithoutAnswer(stream);
        return stream;
      },
      notifyResponseByteRead: () => {},
    },
  });
}

function unavailableWhenLost(connection: CallConnection): Interceptor {
  return (next) => async (request) => {
    const { session, loss } = connection;
    const explain = async (thrown: unknown): Promise<ConnectError> =>
      request.signal.aborted ? ConnectError.from(thrown) : loss.explain(thrown, session);
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: explained(response.message, explain) };
    } catch (error) {
      throw await explain(error);
    }
  };
}

async function* explained<T>(
  messages: AsyncIterable<T>,
  explain: (thrown: unknown) => Promise<ConnectError>,
): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw await explain(error);
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

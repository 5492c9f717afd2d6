import type { ClientHttp2Session } from 'node:http2';
import { Code, ConnectError, type Interceptor, type Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';

/** A Connect transport on one given session. Connect's own session manager would dial again behind our back. */
export function sessionTransport(
  session: ClientHttp2Session,
  origin: string,
  maxMessageBytes: number,
): Transport {
  return createGrpcTransport({
    baseUrl: origin,
    acceptCompression: [],
    readMaxBytes: maxMessageBytes,
    interceptors: [unavailableWhenLost(session)],
    sessionManager: {
      authority: origin,
      request: async (method, path, headers, options) => {
        if (session.closed || session.destroyed) throw lost();
        return session.request({ ...headers, ':method': method, ':path': path }, options);
      },
      notifyResponseByteRead: () => {},
    },
  });
}

/** Node.js reports calls of a lost connection as cancelled, aborted or internal; to a caller all of them are UNAVAILABLE. */
function unavailableWhenLost(session: ClientHttp2Session): Interceptor {
  const symptoms = new Set([Code.Canceled, Code.Aborted, Code.Internal, Code.Unknown]);
  const translate = (thrown: unknown, signal: AbortSignal): ConnectError => {
    const error = ConnectError.from(thrown);
    const gone = session.destroyed && !signal.aborted && symptoms.has(error.code);
    return gone ? lost(error) : error;
  };
  return (next) => async (request) => {
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: translated(response.message, request.signal) };
    } catch (error) {
      throw translate(error, request.signal);
    }
  };
  async function* translated<T>(
    messages: AsyncIterable<T>,
    signal: AbortSignal,
  ): AsyncGenerator<T> {
    try {
      yield* messages;
    } catch (error) {
      throw translate(error, signal);
    }
  }
}

function lost(cause?: unknown): ConnectError {
  return new ConnectError('the connection is lost', Code.Unavailable, undefined, undefined, cause);
}

import { constants, Http2ServerRequest, type ServerHttp2Stream } from 'node:http2';
import { ConnectError, createContextValues, type Interceptor } from '@connectrpc/connect';
import { compressionGzip, connectNodeAdapter } from '@connectrpc/connect-node';
import { http2StreamKey, type Routes } from './context.ts';
import { BoundedResponse } from './heads.ts';
import type { StreamHandler } from './listener.ts';

const longestPath = 256;
const grpcContentType = /^application\/grpc(?:\+(?:proto|json))?(?:;|$)/i;

/** Told of what a handler throws that is no ConnectError: its caller learns nothing but that it is internal. */
export type OnHandlerError = (method: string, error: unknown) => void;

/** Serves Connect routes over gRPC. A head that is out of order ends its own stream and nothing else. */
export function grpcHandler(
  routes: Routes,
  maxMessageBytes: number,
  onError: OnHandlerError = () => {},
): StreamHandler {
  const serve = connectNodeAdapter({
    routes,
    connect: false,
    grpcWeb: false,
    acceptCompression: [compressionGzip], // a bomb is given up at `readMaxBytes`
    readMaxBytes: maxMessageBytes,
    interceptors: [reportTo(onError)],
    contextValues: (request) =>
      createContextValues().set(http2StreamKey, 'stream' in request ? request.stream : undefined),
    // A bare 404, Connect's own answer, reaches Go callers as an unexpected HTTP status.
    fallback: (request, response) => {
      if ('stream' in response) unimplemented(response.stream, request.url ?? '');
    },
  });
  return guarded((stream, headers, rawHeaders) => {
    // Before Connect: it opens its other protocols again for each service that is registered with options.
    if (!grpcContentType.test(headers['content-type'] ?? '')) return unsupportedMediaType(stream);
    // Connect makes a URL of it. Clients on a unix socket send the socket's path, which is no host; nothing depends on it.
    headers[':authority'] = 'localhost';
    headers['grpc-accept-encoding'] = 'identity'; // the caller is on the same machine
    serve(new Http2ServerRequest(stream, headers, {}, rawHeaders), new BoundedResponse(stream));
  }, onError);
}

/** A handler that throws costs its own call. */
export function guarded(handler: StreamHandler, onError: OnHandlerError): StreamHandler {
  return (stream, headers, rawHeaders) => {
    try {
      handler(stream, headers, rawHeaders);
    } catch (error) {
      onError(shown(headers[':path'] ?? ''), error);
      if (!stream.destroyed) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
  };
}

function unsupportedMediaType(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 415 }, { endStream: true });
  stream.resume();
}

function unimplemented(stream: ServerHttp2Stream, path: string): void {
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': '12',
      'grpc-message': encodeURI(`unknown method ${shown(path)}`),
    },
    { endStream: true },
  );
  stream.resume(); // a reset, even without an error, would hide the status from Go callers
}

function shown(path: string): string {
  return path.slice(0, longestPath).toWellFormed();
}

/** What a call throws that its caller has cancelled is of no interest: mostly that nothing can be written any more. */
function reportTo(onError: OnHandlerError): Interceptor {
  return (next) => async (request) => {
    const { service, method, signal, contextValues } = request;
    const report = (thrown: unknown): unknown => {
      const cancelled = signal.aborted || contextValues.get(http2StreamKey)?.destroyed;
      if (!(cancelled || thrown instanceof ConnectError)) {
        onError(`${service.typeName}/${method.name}`, thrown);
      }
      return thrown;
    };
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: reported(response.message, report) };
    } catch (error) {
      throw report(error);
    }
  };
}

async function* reported<T>(
  messages: AsyncIterable<T>,
  report: (thrown: unknown) => unknown,
): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw report(error);
  }
}

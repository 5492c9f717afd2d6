import { Http2ServerRequest, Http2ServerResponse, type ServerHttp2Stream } from 'node:http2';
import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { ConnectError, createContextValues, type Interceptor } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { http2StreamKey, type Routes } from './context.ts';
import type { StreamHandler } from './listener.ts';

const longestPath = 256;

/** Told of what a handler throws that is no ConnectError: its caller learns nothing but that it is internal. */
export type OnHandlerError = (method: string, error: unknown) => void;

/** Serves Connect routes, over gRPC only and without compression: the peer is on the same machine. */
export function grpcHandler(
  routes: Routes,
  maxMessageBytes: number,
  onError: OnHandlerError = () => {},
): StreamHandler {
  const serve = connectNodeAdapter({
    routes,
    connect: false,
    grpcWeb: false,
    acceptCompression: [],
    readMaxBytes: maxMessageBytes,
    interceptors: [reportTo(onError)],
    contextValues: (request) =>
      createContextValues().set(http2StreamKey, 'stream' in request ? request.stream : undefined),
    // A bare 404, Connect's own answer, reaches Go callers as an unexpected HTTP status.
    fallback: (request, response) => {
      if ('stream' in response) unimplemented(response.stream, request.url ?? '');
    },
  });
  return (stream, headers, rawHeaders) =>
    serve(new Http2ServerRequest(stream, headers, {}, rawHeaders), new Http2ServerResponse(stream));
}

function unimplemented(stream: ServerHttp2Stream, path: string): void {
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': '12',
      'grpc-message': encodeURI(`unknown method ${path.slice(0, longestPath)}`),
    },
    { endStream: true },
  );
  stream.resume(); // a reset, even without an error, would hide the status from Go callers
}

function reportTo(onError: OnHandlerError): Interceptor {
  const report = (thrown: unknown, { typeName }: DescService, { name }: DescMethod): unknown => {
    if (!(thrown instanceof ConnectError)) onError(`${typeName}/${name}`, thrown);
    return thrown;
  };
  return (next) => async (request) => {
    const { service, method } = request;
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: reported(response.message, service, method) };
    } catch (error) {
      throw report(error, service, method);
    }
  };
  async function* reported<T>(
    messages: AsyncIterable<T>,
    service: DescService,
    method: DescMethod,
  ): AsyncGenerator<T> {
    try {
      yield* messages;
    } catch (error) {
      throw report(error, service, method);
    }
  }
}

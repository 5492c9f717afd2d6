import { Http2ServerRequest, Http2ServerResponse, type ServerHttp2Stream } from 'node:http2';
import { createContextValues } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { http2StreamKey, type Routes } from './context.ts';
import type { StreamHandler } from './listener.ts';

const longestPath = 256;

/** Serves Connect routes, over gRPC only and without compression: the peer is on the same machine. */
export function grpcHandler(routes: Routes, maxMessageBytes: number): StreamHandler {
  const serve = connectNodeAdapter({
    routes,
    connect: false,
    grpcWeb: false,
    acceptCompression: [],
    readMaxBytes: maxMessageBytes,
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

import { constants, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  validateResponseWithCompression,
  validateTrailer,
} from '@connectrpc/connect/protocol-grpc';
import { PluginError } from '../../contract/plugin-error.ts';
import { statusFromError } from '../../wire/error.ts';

const OK = '0';
const CONTENT_TYPES = new Set(['application/grpc', 'application/grpc+proto']);

/**
 * What the head of an answer says. Only the usual one is recognised here; all others are left to Connect,
 * so that their errors are the same.
 * @returns whether the status is in it, and no trailers follow
 * @throws ConnectError with the status, or for an answer that is none of gRPC
 */
export function checkHead(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): boolean {
  const usual =
    headers[':status'] === 200 &&
    CONTENT_TYPES.has(headers['content-type'] ?? '') &&
    headers['grpc-status'] === undefined &&
    headers['grpc-encoding'] === undefined;
  if (usual) return false;
  const status = Number(headers[':status']);
  const { foundStatus, headerError } = validateResponseWithCompression(
    [],
    status,
    webHeaders(headers),
  );
  if (headerError) throw headerError;
  return foundStatus;
}

/** @throws ConnectError with any status but OK, its details included */
export function checkTrailers(
  trailers: IncomingHttpHeaders | undefined,
  headers: IncomingHttpHeaders | undefined,
): void {
  if (trailers?.['grpc-status'] === OK) return;
  validateTrailer(webHeaders(trailers ?? {}), webHeaders(headers ?? {}));
}

/** What a reset means, by gRPC's table; of those that are not the connection's fault it has but two. */
export function statusOfReset(code: number, cause: unknown): ConnectError {
  if (code === constants.NGHTTP2_NO_ERROR) {
    return new ConnectError('the server hung up without a status', Code.Internal);
  }
  const text = `the call was reset with HTTP/2 error code ${code}`;
  return new ConnectError(text, MEANINGS[code] ?? Code.Internal, undefined, undefined, cause);
}

const MEANINGS: Readonly<Record<number, Code>> = {
  [constants.NGHTTP2_CANCEL]: Code.Canceled,
  // It was not begun.
  [constants.NGHTTP2_REFUSED_STREAM]: Code.Unavailable,
};

function webHeaders(headers: IncomingHttpHeaders): Headers {
  const web = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !name.startsWith(':')) web.set(name, String(value));
  }
  return web;
}

/** For what cannot be encoded. */
export function statusOfThrown(thrown: unknown): ConnectError {
  if (thrown instanceof PluginError) return statusFromError(thrown);
  return ConnectError.from(thrown, Code.Internal);
}

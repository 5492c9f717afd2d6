import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2';
import { timeoutHeader } from './timeout-header.ts';

/** Opens the stream of a call. */
export function request(
  session: ClientHttp2Session,
  path: string,
  timeoutMs: number,
): ClientHttp2Stream {
  return session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc+proto',
    te: 'trailers',
    ...(timeoutMs > 0 && { 'grpc-timeout': timeoutHeader(timeoutMs) }),
  });
}

/** A server that has answered needs no reset, unless it is sent what it does not read any more. */
export function hangUp(stream: ClientHttp2Stream, answered: boolean): void {
  if (!answered || stream.writableLength > 0) stream.close(constants.NGHTTP2_CANCEL);
  else if (!stream.writableEnded) stream.end();
}

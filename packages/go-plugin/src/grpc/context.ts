import type { ServerHttp2Stream } from 'node:http2';
import type { ConnectRouter, ContextKey } from '@connectrpc/connect';

/** Registers services on a gRPC server. */
export type Routes = (router: ConnectRouter) => void;

/**
 * The HTTP/2 stream of the call that a handler answers: `context.values.get(http2StreamKey)`. With it a handler can tell a
 * response that was flushed (`close` without a reset) from one that never arrived.
 */
// Written out instead of made by Connect's factory: this module is loaded before the handshake, Connect is not.
export const http2StreamKey: ContextKey<ServerHttp2Stream | undefined> = {
  id: Symbol('go-plugin.http2-stream'),
  defaultValue: undefined,
};

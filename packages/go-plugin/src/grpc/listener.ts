import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Address } from '../handshake/handshake.ts';
import type { MutualTls } from '../tls/options.ts';
import { cutOff } from './cut-off.ts';
import { listenAt, type Place } from './place.ts';
import { createGrpcServer, createObservedServer, type GrpcServer } from './server.ts';
import { connectionWindow } from './tuning.ts';

/**
 * Answers one gRPC call. Called once per stream, many at a time. `grpcHandler` makes the default one from Connect
 * routes; a handler for hot paths may stand in front of it and pass on what is not its own.
 */
export type StreamHandler = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: string[],
) => void;

export interface ListenOptions {
  readonly place: Place;
  readonly tls: MutualTls | undefined;
  /** Whether `whenArrived` is answered for the calls of this listener. */
  readonly confirmAnswers?: boolean | undefined;
  /** Calls that arrive before it is there wait for it. */
  readonly handler: Promise<StreamHandler>;
  /** A TLS connection was refused, mostly for its certificate. */
  readonly onRefused: (error: Error) => void;
}

export interface Listener {
  readonly address: Address;
  /** Whether anybody is connected now. */
  connected(): boolean;
  /** Stops accepting, gives running calls `graceMs` to end, drops the rest. Idempotent. */
  close(graceMs: number): Promise<void>;
}

/** @throws GoPluginError LISTEN_FAILED */
export async function listen(options: ListenOptions): Promise<Listener> {
  const server = (options.confirmAnswers ? createObservedServer : createGrpcServer)(options.tls);
  const { sockets, http2 } = server;
  const sessions = track(server);
  sockets.on('tlsClientError', options.onRefused);
  // Not reported: grpc-go's farewell on every connection counts as a protocol error here.
  http2.on('sessionError', () => {});
  serveStreams(server, options.handler);
  const address = await listenAt(sockets, options.place);
  sockets.on('error', options.onRefused);

  let closed: Promise<void> | undefined;
  const close = async (graceMs: number): Promise<void> => {
    const drained = new Promise<void>((resolve) => sockets.close(() => resolve()));
    const timer = setTimeout(sessions.destroy, graceMs);
    sessions.finish();
    await drained;
    clearTimeout(timer);
  };
  return { address, connected: sessions.any, close: (graceMs) => (closed ??= close(graceMs)) };
}

function serveStreams({ http2 }: GrpcServer, handler: Promise<StreamHandler>): void {
  let serve: StreamHandler = (...call) => void serveLater(...call);
  const serveLater = async (...call: Parameters<StreamHandler>): Promise<void> => {
    serve = await handler;
    if (!call[0].destroyed) serve(...call);
  };
  http2.on('stream', (stream, headers, _flags, rawHeaders) => {
    stream.on('error', () => {}); // the call's own abort signal tells its handler
    serve(stream, headers, rawHeaders);
  });
}

/** A closing server waits for every socket, also for those that never became a session. */
function track({ sockets: server, http2 }: GrpcServer): {
  any: () => boolean;
  finish: () => void;
  destroy: () => void;
} {
  const sessions = new Set<ServerHttp2Session>();
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  http2.on('session', (session: ServerHttp2Session) => {
    session.setLocalWindowSize(connectionWindow);
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  return {
    any: () => sockets.size > 0,
    finish: () => {
      for (const session of sessions) session.close();
    },
    destroy: () => {
      for (const session of sessions) cutOff(session);
      for (const socket of sockets) socket.destroy();
    },
  };
}

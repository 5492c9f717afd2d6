import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
} from 'node:http2';
import { createServer as createNetServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { MutualTls } from '../tls/options.ts';
import { observeArrivals } from './arrival/arrivals.ts';
import type { FrameTap } from './arrival/frame-tap.ts';
import { TappedSocket } from './arrival/tapped-socket.ts';
import { serverOptions, sessionOptions } from './tuning.ts';

/** What accepts connections, and what serves HTTP/2 on them. */
export interface GrpcServer {
  readonly sockets: Server;
  readonly http2: Http2Server | Http2SecureServer;
}

const http2Options = { ...sessionOptions, ...serverOptions };

export function createGrpcServer(tls: MutualTls | undefined): GrpcServer {
  const http2 = tls ? createSecureServer({ ...http2Options, ...tls }) : createServer(http2Options);
  return { sockets: http2, http2 };
}

/** A server that observes which of its answers arrive (`whenArrived`), at the cost of a way through JavaScript. */
export function createObservedServer(tls: MutualTls | undefined): GrpcServer {
  const sockets: Server = tls
    ? createTlsServer({ ...tls, ALPNProtocols: ['h2'] })
    : createNetServer();
  const http2 = createServer(http2Options);
  let tap: FrameTap | undefined;
  http2.on('session', (session) => {
    if (tap) observeArrivals(session, tap); // within the emit below
  });
  sockets.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    socket.setNoDelay(true);
    const tappedSocket = new TappedSocket(socket);
    tap = tappedSocket.tap;
    http2.emit('connection', tappedSocket);
  });
  return { sockets, http2 };
}

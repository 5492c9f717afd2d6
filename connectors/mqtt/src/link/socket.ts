import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';
import type { Broker } from './broker.ts';
import { LinkFault } from './fault.ts';
import type { LinkSettings } from './settings.ts';

/** Room for what a WebSocket message may hold besides one packet. */
const FRAME_SLACK = 1024 * 1024;
const LEAVE_MS = 1000;

export interface SocketOptions
  extends Pick<LinkSettings, 'tls' | 'websocket' | 'maximumPacketSize'> {
  /** Whom to trust and what to show; undefined = the public CAs and nothing. */
  readonly secureContext: SecureContext | undefined;
}

/**
 * A byte stream to the broker, connected and, where it is secure, checked.
 * @throws LinkFault `network`, or the signal's reason
 */
export async function openSocket(
  broker: Broker,
  options: SocketOptions,
  signal: AbortSignal,
): Promise<Duplex> {
  signal.throwIfAborted();
  const stream = broker.websocket
    ? openWebSocket(broker.websocket, options, signal)
    : openTcp(broker, options, signal);
  try {
    return await stream;
  } catch (cause) {
    signal.throwIfAborted();
    throw new LinkFault('network', cause instanceof Error ? cause.message : String(cause), {
      cause,
    });
  }
}

/** Sends what is written, reads nothing more, and waits a second for the broker to close: it may be gone. */
export function end(stream: Duplex): void {
  const timer = setTimeout(() => stream.destroy(), LEAVE_MS);
  stream.once('close', () => clearTimeout(timer));
  stream.unpipe().resume().end();
}

async function openTcp(
  { secure, host, port }: Broker,
  { tls, secureContext }: SocketOptions,
  signal: AbortSignal,
): Promise<Duplex> {
  const socket = secure
    ? connectTls({ host, port, ...tlsOptions(tls, secureContext) })
    : connectTcp({ host, port });
  socket.setNoDelay(true);
  return opened(socket, secure ? 'secureConnect' : 'connect', socket, signal);
}

async function openWebSocket(
  url: string,
  { tls, websocket, secureContext, maximumPacketSize }: SocketOptions,
  signal: AbortSignal,
): Promise<Duplex> {
  const socket = new WebSocket(url, ['mqtt'], {
    headers: websocket.headers,
    perMessageDeflate: false,
    maxPayload: maximumPacketSize + FRAME_SLACK,
    ...tlsOptions(tls, secureContext),
  });
  return opened(socket, 'open', createWebSocketStream(socket), signal);
}

async function opened(
  emitter: NodeJS.EventEmitter,
  event: string,
  stream: Duplex,
  signal: AbortSignal,
): Promise<Duplex> {
  // Errors after this are the link's, and it has a listener by then.
  stream.on('error', () => {});
  try {
    await once(emitter, event, { signal });
    return stream;
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

function tlsOptions(tls: LinkSettings['tls'], secureContext: SecureContext | undefined) {
  return {
    minVersion: tls.minVersion,
    ...(tls.servername && { servername: tls.servername }),
    ...(tls.alpn.length > 0 && { ALPNProtocols: tls.alpn }),
    ...(secureContext && { secureContext }),
  };
}

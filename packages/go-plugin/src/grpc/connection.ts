import type { Transport } from '@connectrpc/connect';
import { GoPluginError, reasonOf } from '../errors.ts';
import type { Address } from '../handshake/handshake.ts';
import type { MutualTls } from '../tls/options.ts';
import { createLoss, type WhyLost } from './loss.ts';
import { openSession, originOf } from './session.ts';
import { keepOpen } from './sessions.ts';
import { type CallConnection, connectionTransport } from './transport.ts';

export interface CallOptions {
  readonly maxMessageBytes: number;
  readonly whyLost?: WhyLost | undefined;
}

export interface ConnectOptions extends CallOptions {
  readonly tls: MutualTls | undefined;
  /** How long the other side may take for its first HTTP/2 frame. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A connection to one address. It is dialled again when the server says goodbye; once lost, its calls fail UNAVAILABLE. */
export interface Connection {
  readonly transport: Transport;
  /** What the transport stands on. */
  readonly calls: CallConnection;
  /** Resolves when the connection is gone, for whatever reason. */
  readonly closed: Promise<void>;
  /** Drops the connection and the calls on it. */
  close(): Promise<void>;
}

/**
 * Connects, and waits for the server's first HTTP/2 frame: a server that refuses our certificate, or speaks no TLS, fails
 * here and not in the first call.
 * @throws GoPluginError CONNECT_FAILED, or the signal's reason
 */
export async function connect(address: Address, options: ConnectOptions): Promise<Connection> {
  const { maxMessageBytes, whyLost, signal } = options;
  const first = openSession(address, options);
  try {
    await first.ready(signal);
  } catch (error) {
    first.drop();
    signal?.throwIfAborted();
    throw connectFailed(address, error);
  }
  const sessions = keepOpen(first, () => openSession(address, options));
  const calls: CallConnection = {
    get session() {
      return sessions.current();
    },
    origin: originOf(options),
    maxMessageBytes,
    loss: createLoss(sessions.whatWasSaid, whyLost),
  };
  return {
    transport: connectionTransport(calls),
    calls,
    closed: sessions.closed,
    close: sessions.close,
  };
}

function connectFailed({ network, address }: Address, cause: unknown): GoPluginError {
  return new GoPluginError(
    'CONNECT_FAILED',
    `could not connect to ${network} ${address}: ${reasonOf(cause)}\n` +
      'The other side must listen there and use TLS, with the certificate it announced, exactly when this side does.',
    { cause },
  );
}

import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectNet, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Transport } from '@connectrpc/connect';
import { GoPluginError, reasonOf } from '../errors.ts';
import type { Address } from '../handshake/handshake.ts';
import type { MutualTls } from '../tls/options.ts';
import { cutOff } from './cut-off.ts';
import { lossOf, type WhyLost } from './loss.ts';
import { type CallConnection, connectionTransport } from './transport.ts';
import { connectionWindow, sessionOptions } from './tuning.ts';

const connectTimeoutMs = 5_000;
/** For the last frames to leave. */
const hangUpMs = 200;

export interface CallOptions {
  readonly maxMessageBytes: number;
  readonly whyLost?: WhyLost | undefined;
}

export interface ConnectOptions extends CallOptions {
  readonly tls: MutualTls | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One HTTP/2 connection. It is never dialled again: when it is lost, its calls fail UNAVAILABLE. */
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
  const socket = openSocket(address, options.tls);
  const origin = options.tls ? 'https://localhost' : 'http://localhost';
  const session = connectHttp2(origin, { ...sessionOptions, createConnection: () => socket });
  const closed = whenClosed(session, socket);
  try {
    await ready(session, options.signal);
  } catch (error) {
    cutOff(session);
    socket.destroy();
    options.signal?.throwIfAborted();
    throw new GoPluginError(
      'CONNECT_FAILED',
      `could not connect to ${address.network} ${address.address}: ${reasonOf(error)}\n` +
        'The other side must listen there and use TLS, with the certificate it announced, exactly when this side does.',
      { cause: error },
    );
  }
  session.setLocalWindowSize(connectionWindow);
  const { maxMessageBytes, whyLost } = options;
  const calls = { session, origin, maxMessageBytes, loss: lossOf(session, whyLost) };
  return {
    transport: connectionTransport(calls),
    calls,
    closed,
    close: () => {
      cutOff(session);
      const timer = setTimeout(() => socket.destroy(), hangUpMs);
      return closed.finally(() => clearTimeout(timer));
    },
  };
}

/** Node.js may not tell of the end of a session that was writing when its peer died; of the end of its socket it does. */
function whenClosed(session: ClientHttp2Session, socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    session.once('close', resolve);
    socket.once('close', () =>
      setImmediate(() => {
        cutOff(session);
        resolve();
      }),
    );
  });
}

function openSocket({ network, address }: Address, tls: MutualTls | undefined): Socket {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'); // IPv6
  const target =
    network === 'unix' ? { path: address } : { host, port: Number(address.slice(colon + 1)) };
  return tls ? connectTls({ ...tls, ...target }) : connectNet(target);
}

function ready(session: ClientHttp2Session, signal: AbortSignal | undefined): Promise<void> {
  const deadline = AbortSignal.timeout(connectTimeoutMs);
  const stop = signal ? AbortSignal.any([signal, deadline]) : deadline;
  return new Promise((resolve, reject) => {
    const aborted = (): void =>
      reject(
        deadline.aborted ? new Error(`no answer within ${connectTimeoutMs / 1000} s`) : stop.reason,
      );
    if (stop.aborted) aborted();
    stop.addEventListener('abort', aborted, { once: true });
    session.once('remoteSettings', () => {
      stop.removeEventListener('abort', aborted);
      resolve();
    });
    session.on('error', reject); // stays: a session without a listener would end the process
    session.once('close', () => reject(new Error('the connection was closed')));
  });
}

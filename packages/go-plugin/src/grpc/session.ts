import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectNet, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Address } from '../handshake/handshake.ts';
import type { MutualTls } from '../tls/options.ts';
import { cutOff } from './cut-off.ts';
import { connectionWindow, sessionOptions } from './tuning.ts';

/** For the last frames to leave. */
const hangUpMs = 200;

/** One HTTP/2 session and the socket below it. */
export interface Session {
  /** Takes calls at once: Node.js holds them back until it is connected. */
  readonly http2: ClientHttp2Session;
  /** Resolves when the session is gone, for whatever reason. */
  readonly closed: Promise<void>;
  /** Resolves with the server's first frame; rejects when it does not come in time, or the signal aborts. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Drops the session and the calls on it. Idempotent. */
  drop(): void;
}

export function openSession(
  address: Address,
  options: { readonly tls: MutualTls | undefined; readonly timeoutMs: number },
): Session {
  const socket = openSocket(address, options.tls);
  const http2 = connectHttp2(originOf(options), {
    ...sessionOptions,
    createConnection: () => socket,
  });
  http2.on('error', () => {}); // without a listener it would end the process
  http2.once('connect', () => {
    if (!http2.destroyed) http2.setLocalWindowSize(connectionWindow);
  });
  const closed = whenClosed(http2, socket);
  return {
    http2,
    closed,
    ready: (signal) => firstFrame(http2, options.timeoutMs, signal),
    drop: () => {
      cutOff(http2);
      const timer = setTimeout(() => socket.destroy(), hangUpMs);
      void closed.then(() => clearTimeout(timer));
    },
  };
}

/** Scheme and host of all calls: the certificate is for `localhost`. */
export function originOf({ tls }: { readonly tls: MutualTls | undefined }): string {
  return tls ? 'https://localhost' : 'http://localhost';
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

function firstFrame(
  session: ClientHttp2Session,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settled = new AbortController();
    const late = (): void => fail(new Error(`no answer within ${timeoutMs / 1000} s`));
    const timer = setTimeout(late, timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      settled.abort();
    };
    const fail = (reason: unknown): void => {
      settle();
      reject(reason);
    };
    session.once('remoteSettings', () => {
      settle();
      resolve();
    });
    session.once('error', fail);
    session.once('close', () => fail(new Error('the connection was closed')));
    if (signal?.aborted) fail(signal.reason);
    signal?.addEventListener('abort', () => fail(signal.reason), { signal: settled.signal });
  });
}

import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { type JsonObject, PluginError } from '@vrsky/runtime';
import type { WebhookSettings } from '../config.ts';
import { close } from './close.ts';
import { listenError } from './listen-error.ts';

type Address = Pick<WebhookSettings, 'host' | 'port'>;

/** A server whose port is open. */
export interface Listener {
  readonly server: HttpServer;
  readonly port: number;
  /** All of its connections: HTTP does not know those that are still in their TLS handshake. */
  readonly sockets: ReadonlySet<Socket>;
}

/** Opens the port. On failure or abort nothing stays open. */
export async function listen(
  server: HttpServer,
  settings: Address,
  signal: AbortSignal,
): Promise<Listener> {
  signal.throwIfAborted();
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const listener = { server, sockets, port: await openPort(server, settings) };
  if (signal.aborted) await close(listener, Promise.resolve());
  signal.throwIfAborted();
  return listener;
}

/**
 * Opens the port and closes it again.
 * @param own settings that this process is connected with: a port that it holds itself is free for the next Connect
 * @throws PluginError as `listen` does
 */
export async function probePort(settings: Address, own?: JsonObject): Promise<void> {
  const server = createServer();
  try {
    await openPort(server, settings);
  } catch (thrown) {
    const error = PluginError.from(thrown);
    if (error.reason === 'PORT_IN_USE' && own?.['port'] === settings.port) return;
    throw error;
  }
  server.close();
  await once(server, 'close');
}

/** Gives the port, which may be any free one. */
async function openPort(server: Server, { host, port }: Address): Promise<number> {
  try {
    const listening = once(server, 'listening');
    server.listen({ host, port });
    await listening;
  } catch (error) {
    throw listenError(error, formatAddress(host, port));
  }
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}

export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

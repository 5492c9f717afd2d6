import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** How long answers just given may take on their way out. */
const FLUSH_MS = 250;

/**
 * Remembers the sockets of a server for `close`: HTTP does not know those that are still in their TLS
 * handshake.
 */
export function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/**
 * Closes the port and idle connections at once and, when `answered` resolves, all others: each as
 * soon as its answer is out, and the last ones soon whatever they do. Resolves when none is left.
 */
export async function close(
  server: Server,
  sockets: ReadonlySet<Socket>,
  answered: Promise<void>,
): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  await answered;
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, FLUSH_MS);
  await closed;
  clearTimeout(timer);
}

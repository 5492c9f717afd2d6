import { once } from 'node:events';
import type { Listener } from './listen.ts';

/** How long answers just given may take on their way out. */
const FLUSH_MS = 250;

/**
 * Closes the port and idle connections at once and, when `answered` resolves, all others: each as
 * soon as its answer is out, and the last ones soon whatever they do. Resolves when none is left.
 */
export async function close({ server, sockets }: Listener, answered: Promise<void>): Promise<void> {
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

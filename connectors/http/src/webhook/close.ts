import { once } from 'node:events';
import type { Server } from 'node:http';

/** How long answers just given may take on their way out. */
const FLUSH_MS = 250;

/**
 * Closes the port and idle connections at once and, when `answered` resolves, all others: each as
 * soon as its answer is out, and the last ones soon whatever they do. Resolves when none is left.
 */
export async function close(server: Server, answered: Promise<void>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  await answered;
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), FLUSH_MS);
  await closed;
  clearTimeout(timer);
}

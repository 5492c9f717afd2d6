import { connect } from 'node:net';
import { vi } from 'vitest';

/** Resolves when somebody listens on the port. */
export async function listening(port: number): Promise<void> {
  const isOpen = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  await vi.waitUntil(isOpen, { timeout: 10_000, interval: 50 });
}

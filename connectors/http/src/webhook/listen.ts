import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { type JsonObject, PluginError } from '@vrsky/runtime';
import type { WebhookSettings } from '../config.ts';
import { listenError } from '../errors.ts';

/** Opens the port and tells which; on failure nothing stays open. */
export async function listen(
  server: Server,
  { host, port }: Pick<WebhookSettings, 'host' | 'port'>,
): Promise<number> {
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

/**
 * Opens the port and closes it again. What may have passed by the time of Connect is a warning.
 * @param own settings that this process is connected with: its own port needs no probe
 */
export async function probePort(
  settings: Pick<WebhookSettings, 'host' | 'port'>,
  own?: JsonObject,
): Promise<string[]> {
  if (own?.['host'] === settings.host && own['port'] === settings.port) return [];
  const server = createServer();
  try {
    await listen(server, settings);
  } catch (error) {
    const failure = PluginError.from(error);
    if (!failure.recoverable) throw failure;
    return [failure.rawMessage];
  }
  server.close();
  await once(server, 'close');
  return [];
}

export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

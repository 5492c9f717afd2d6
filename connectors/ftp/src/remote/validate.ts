import { isDeepStrictEqual } from 'node:util';
import { type ConnectionConfig, PluginError } from '@vrsky/runtime';
import { createOpener } from './open.ts';
import type { Server } from './server.ts';

/**
 * Logs in once and looks for the directory. What may have passed by the time of Connect is a warning.
 * @param connected what this process is connected with: it needs no second login
 */
export async function probeServer(
  server: Server,
  mayBeMissing: boolean,
  signal: AbortSignal,
  connected: ConnectionConfig | undefined,
): Promise<string[]> {
  const { settings, credentials } = server;
  const isOwn =
    connected?.settings['host'] === settings.host &&
    connected.settings['directory'] === server.directory &&
    isDeepStrictEqual(connected.credentials, credentials);
  if (isOwn) return [];
  try {
    const remote = await createOpener(server)(signal);
    try {
      await remote.check(remote.root, signal);
    } finally {
      await remote.close();
    }
    return [];
  } catch (error) {
    signal.throwIfAborted();
    const failure = PluginError.from(error);
    if (mayBeMissing && failure.reason === 'DIRECTORY_NOT_FOUND') return [];
    if (!failure.recoverable) throw failure;
    return [failure.rawMessage];
  }
}

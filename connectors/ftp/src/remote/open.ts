import { PluginError } from '@vrsky/runtime';
import { withDeadline } from '@vrsky/runtime/plugin';
import type { RemoteFiles } from './remote-files.ts';
import type { Server } from './server.ts';

/** Makes a connection; rejects with the signal's reason, or a PluginError. */
export type Opener = (signal: AbortSignal) => Promise<RemoteFiles>;

/**
 * How connections to a server are made. Once it has refused the login no further one is tried, so
 * that nobody locks an account by trying a wrong password over and over.
 */
export function createOpener(server: Server): Opener {
  const { type, address, settings } = server;
  let refused: PluginError | undefined;
  return async (signal) => {
    if (refused) throw refused;
    const late = (): PluginError =>
      new PluginError(
        'CONNECTION_FAILED',
        `the login at ${address} took more than ${settings.connectTimeoutMs} ms`,
      );
    try {
      return await withDeadline(settings.connectTimeoutMs, [signal], late, async (ends) => {
        if (type === 'sftp')
          return (await import('./sftp/sftp-files.ts')).SftpFiles.open(server, ends);
        return (await import('./ftp/ftp-files.ts')).FtpFiles.open(server, ends);
      });
    } catch (error) {
      if (error instanceof PluginError && error.code === 'AUTH_FAILED') refused = error;
      throw error;
    }
  };
}

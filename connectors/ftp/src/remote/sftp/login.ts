import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { SFTPWrapper } from 'ssh2';
import SftpClient from 'ssh2-sftp-client';
import { remoteError } from '../../errors.ts';
import type { Server } from '../server.ts';

/** Signs of life that may stay unanswered. */
const KEEP_ALIVE_COUNT = 3;

/** The parts of the library's client that its types leave out. */
export type Client = SftpClient & {
  /** Undefined = there is no connection (any more). */
  readonly sftp: SFTPWrapper | undefined;
  readonly client: { readonly _sock?: Socket; setNoDelay(noDelay: boolean): void };
};

/** Ends the connection at once. The library's own `destroy` does nothing after `end`, however long the server is silent. */
export function destroy({ client }: Client): void {
  // oxlint-disable-next-line no-underscore-dangle -- the only way to the socket; the version is pinned
  client._sock?.destroy();
}

/**
 * Connects, checks the host key, and only then logs in.
 * @throws PluginError; nothing stays open
 */
export async function logIn(server: Server, signal: AbortSignal): Promise<Client> {
  const { settings, credentials, port, address } = server;
  const {
    username,
    password,
    private_key: privateKey,
    private_key_passphrase: passphrase,
  } = credentials;
  const ignore = (): void => {}; // by default the library prints to stdout
  const client = new SftpClient('sftp', { error: ignore, end: ignore, close: ignore }) as Client;
  const abort = (): void => destroy(client);
  signal.addEventListener('abort', abort, { once: true });
  let presented = '';
  try {
    await client.connect({
      host: settings.host,
      port,
      ...(username && { username }),
      ...(password && { password }),
      ...(privateKey && { privateKey }),
      ...(passphrase && { passphrase }),
      readyTimeout: settings.connectTimeoutMs,
      keepaliveInterval: Math.ceil(settings.transferStallTimeoutMs / KEEP_ALIVE_COUNT),
      keepaliveCountMax: KEEP_ALIVE_COUNT,
      hostVerifier: (key: Buffer) => {
        presented = createHash('sha256').update(key).digest('base64').replace(/=+$/, '');
        return isTrusted(presented, settings);
      },
    });
    client.client.setNoDelay(true);
    return client;
  } catch (error) {
    abort();
    signal.throwIfAborted();
    const key =
      presented && !isTrusted(presented, settings) ? ` (host key SHA256:${presented})` : '';
    throw remoteError(error, 'connect', `the login at ${address}${key}`);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function isTrusted(
  presented: string,
  { hostKeySha256, allowAnyHostKey }: Server['settings'],
): boolean {
  if (hostKeySha256.length === 0) return allowAnyHostKey;
  return hostKeySha256.some((pinned) => {
    const digest = pinned.replace(/^SHA256:/, '').replace(/=$/, '');
    return timingSafeEqual(Buffer.from(digest), Buffer.from(presented));
  });
}

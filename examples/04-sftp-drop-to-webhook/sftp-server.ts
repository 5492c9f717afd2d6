import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ssh2, { type Connection } from 'ssh2';
import { serveFolder } from './served-folder.ts';

export interface SftpServer {
  readonly port: number;
  /** What `hostKeySha256` has to be. */
  readonly hostKeySha256: string;
  close(): void;
}

/** The sending end of the example: an SFTP server for one user and one folder, with a key made just now. */
export async function startSftpServer(
  folder: string,
  user: { readonly username: string; readonly password: string },
): Promise<SftpServer> {
  // Not ed25519: of those that ssh2 makes, one in 256 is malformed.
  const key = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
  const connections = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
    connections.add(client);
    client.on('close', () => connections.delete(client));
    client.on('error', () => {});
    client.on('authentication', (attempt) => {
      const isPassword = attempt.method === 'password' && attempt.password === user.password;
      if (isPassword && attempt.username === user.username) attempt.accept();
      else attempt.reject(['password']);
    });
    client.on('session', (accept) => accept().on('sftp', (open) => serveFolder(open(), folder)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const publicKey = Buffer.from(key.public.split(' ')[1] ?? '', 'base64');
  return {
    port: (server.address() as AddressInfo).port,
    hostKeySha256: createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, ''),
    close() {
      server.close();
      for (const client of connections) client.end();
    },
  };
}

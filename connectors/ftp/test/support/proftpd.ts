import type { Certificate } from '../../../../tools/testing/certificates.ts';
import type { FileServer, Sandbox } from '../../../../tools/testing/file-server.ts';
import { startProftpd as start } from '../../../../tools/testing/proftpd.ts';
import { certificate, hostKey, userKey } from './credentials.ts';

export type Mode = 'plain' | 'tls' | 'implicit' | 'sftp';

/** ProFTPD for FTP, FTPS (session reuse required), implicit FTPS or SFTP. */
export function startProftpd(
  mode: Mode,
  extra: readonly string[] = [],
  { cert, key }: Certificate = certificate(),
): Promise<FileServer & Sandbox> {
  return start((write) => {
    const tls = (): string[] => [
      'LoadModule mod_tls.c',
      'LoadModule mod_tls_shmcache.c',
      'TLSEngine on',
      `TLSRSACertificateFile ${write('cert.pem', cert)}`,
      `TLSRSACertificateKeyFile ${write('key.pem', key)}`,
      'TLSProtocol TLSv1.2 TLSv1.3',
      `TLSSessionCache shm:/file=${write('tls.cache', '')}`,
      'TLSRequired on',
      ...(mode === 'implicit' ? ['TLSOptions UseImplicitSSL'] : []),
    ];
    const sftp = (): string[] => [
      'LoadModule mod_sftp.c',
      'SFTPEngine on',
      `SFTPHostKey ${write('host.key', hostKey().private)}`,
      'SFTPAuthMethods publickey password',
      `SFTPAuthorizedUserKeys file:${write('user.pub', userKey().rfc4716)}`,
    ];
    return [...(mode === 'sftp' ? sftp() : mode === 'plain' ? [] : tls()), ...extra];
  });
}

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../../../../tools/testing/certificates.ts';
import { certificate, credentials, hostKey, passwordHash, userKey } from './credentials.ts';
import {
  type FileServer,
  freePort,
  isRoot,
  makeSandbox,
  owner,
  type Sandbox,
  ServerProcess,
} from './process.ts';

export type Mode = 'plain' | 'tls' | 'implicit' | 'sftp';

/** ProFTPD: FTP, FTPS (session reuse required), implicit FTPS or SFTP, with one virtual user. */
export async function startProftpd(
  mode: Mode,
  extra: readonly string[] = [],
  { cert, key }: Certificate = certificate(),
): Promise<FileServer & Sandbox> {
  const sandbox = makeSandbox();
  const port = await freePort();
  const file = (name: string): string => join(sandbox.folder, name);
  const write = (name: string, text: string): string => {
    writeFileSync(file(name), text, { mode: 0o600 });
    return file(name);
  };
  const user = `${credentials.username}:${passwordHash()}:${owner.uid}:${owner.gid}::${sandbox.home}:/bin/sh\n`;
  const tls = (): string[] => [
    'LoadModule mod_tls.c',
    'LoadModule mod_tls_shmcache.c',
    'TLSEngine on',
    `TLSRSACertificateFile ${write('cert.pem', cert)}`,
    `TLSRSACertificateKeyFile ${write('key.pem', key)}`,
    'TLSProtocol TLSv1.2 TLSv1.3',
    `TLSSessionCache shm:/file=${file('tls.cache')}`,
    'TLSRequired on',
    ...(mode === 'implicit' ? ['TLSOptions UseImplicitSSL'] : []),
  ];
  const sftp = (): string[] => [
    'LoadModule mod_sftp.c',
    'SFTPEngine on',
    `SFTPHostKey ${write('host.key', hostKey().private)}`,
    'SFTPAuthMethods publickey password',
    `SFTPAuthorizedUserKeys file:${write('user.pub', userKey().rfc4716)}`,
    `SFTPLog ${file('sftp.log')}`,
  ];
  const lines = [
    'ServerType standalone',
    'DefaultAddress 127.0.0.1',
    `Port ${port}`,
    'UseIPv6 off',
    ...(isRoot ? ['User nobody', 'Group nogroup'] : []),
    'ModulePath /usr/lib/proftpd',
    'LoadModule mod_digest.c',
    'AuthOrder mod_auth_file.c',
    `AuthUserFile ${write('users', user)}`,
    'DelayEngine off',
    'RequireValidShell off',
    'UseFtpUsers off',
    'WtmpLog off',
    'ControlsEngine off',
    'DefaultRoot ~',
    'AllowOverwrite on',
    'AllowStoreRestart on',
    'AllowRetrieveRestart on',
    `PidFile ${file('pid')}`,
    `ScoreboardFile ${file('scoreboard')}`,
    `SystemLog ${file('system.log')}`,
    'TransferLog none',
    'LogFormat commands "%r"',
    `ExtendedLog ${file('commands.log')} ALL commands`,
    ...(mode === 'sftp' ? sftp() : mode === 'plain' ? [] : tls()),
    ...extra,
  ];
  const config = write('proftpd.conf', `${lines.join('\n')}\n`);
  const process_ = new ServerProcess(
    ['proftpd', '--nodaemon', '--quiet', '--config', config],
    port,
  );
  await process_.start();
  return {
    ...sandbox,
    port,
    commands: () =>
      existsSync(file('commands.log'))
        ? readFileSync(file('commands.log'), 'utf8').split('\n')
        : [],
    start: () => process_.start(),
    stop: (signal) => process_.stop(signal),
  };
}

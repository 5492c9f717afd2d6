import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type FileServer,
  freePort,
  isRoot,
  makeSandbox,
  owner,
  type Sandbox,
  ServerProcess,
} from './file-server.ts';

/** The one user of the servers. */
export const credentials = { username: 'vrsky', password: 'correct horse battery' };

/** Of the password, as crypt(3) writes it. */
export function passwordHash(): string {
  return execFileSync('openssl', ['passwd', '-5', credentials.password], {
    encoding: 'utf8',
  }).trim();
}

/**
 * ProFTPD, with one virtual user.
 * @param extra more lines of configuration; `write` puts a file into the folder and gives its path
 */
export async function startProftpd(
  extra: (write: (name: string, text: string) => string) => readonly string[] = () => [],
): Promise<FileServer & Sandbox> {
  const sandbox = makeSandbox();
  const port = await freePort();
  const file = (name: string): string => join(sandbox.folder, name);
  const write = (name: string, text: string): string => {
    writeFileSync(file(name), text, { mode: 0o600 });
    return file(name);
  };
  const user = `${credentials.username}:${passwordHash()}:${owner.uid}:${owner.gid}::${sandbox.home}:/bin/sh\n`;
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
    ...extra(write),
  ];
  const config = write('proftpd.conf', `${lines.join('\n')}\n`);
  const server = new ServerProcess(['proftpd', '--nodaemon', '--quiet', '--config', config], port);
  await server.start();
  return {
    ...sandbox,
    port,
    get pid() {
      return server.pid;
    },
    commands: () =>
      existsSync(file('commands.log'))
        ? readFileSync(file('commands.log'), 'utf8').split('\n')
        : [],
    start: () => server.start(),
    stop: (signal) => server.stop(signal),
  };
}

/** Lines of the configuration for SFTP with the password, and a host key of its own. */
export function sftpLines(write: (name: string, text: string) => string): string[] {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return [
    'LoadModule mod_sftp.c',
    'SFTPEngine on',
    `SFTPHostKey ${write('host.key', privateKey)}`,
    'SFTPAuthMethods password',
  ];
}

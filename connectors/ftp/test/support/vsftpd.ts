import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type FileServer,
  freePort,
  makeSandbox,
  type Sandbox,
  ServerProcess,
} from '../../../../tools/testing/file-server.ts';
import { certificate } from './credentials.ts';

/** vsftpd wants a user whose home exists, and everybody has this one. */
function gamesUid(): number {
  return Number(execFileSync('id', ['-u', 'games'], { encoding: 'utf8' }));
}

/**
 * vsftpd for anonymous logins, which may write to `drop`: it has no other users without PAM. No MLSD;
 * with TLS it insists on session reuse.
 */
export async function startVsftpd(
  mode: 'plain' | 'tls' | 'implicit',
  extra: readonly string[] = [],
): Promise<FileServer & Sandbox> {
  const sandbox = makeSandbox(gamesUid());
  const port = await freePort();
  const file = (name: string): string => join(sandbox.folder, name);
  writeFileSync(file('both.pem'), mode === 'plain' ? '' : certificate().cert + certificate().key);
  const tls = [
    'ssl_enable=YES',
    'allow_anon_ssl=YES',
    'force_anon_logins_ssl=YES',
    'force_anon_data_ssl=YES',
    'require_ssl_reuse=YES',
    `rsa_cert_file=${file('both.pem')}`,
    'ssl_ciphers=HIGH',
    ...(mode === 'implicit' ? ['implicit_ssl=YES'] : []),
  ];
  const lines = [
    'listen=YES',
    'listen_address=127.0.0.1',
    `listen_port=${port}`,
    'background=NO',
    'anonymous_enable=YES',
    'local_enable=NO',
    'ftp_username=games',
    `anon_root=${sandbox.home}`,
    'write_enable=YES',
    'anon_upload_enable=YES',
    'anon_mkdir_write_enable=YES',
    'anon_other_write_enable=YES',
    'anon_world_readable_only=NO',
    'anon_umask=022',
    'seccomp_sandbox=NO',
    'isolate=NO',
    'isolate_network=NO',
    `secure_chroot_dir=${sandbox.folder}`,
    'log_ftp_protocol=YES',
    'xferlog_enable=YES',
    `vsftpd_log_file=${file('commands.log')}`,
    ...(mode === 'plain' ? [] : tls),
    ...extra,
  ];
  writeFileSync(file('vsftpd.conf'), `${lines.join('\n')}\n`);
  const server = new ServerProcess(['vsftpd', file('vsftpd.conf')], port);
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

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type FileServer,
  freePort,
  makeSandbox,
  owner,
  type Sandbox,
  ServerProcess,
} from '../../../../tools/testing/file-server.ts';
import { credentials, passwordHash } from '../../../../tools/testing/proftpd.ts';
import { certificate } from './credentials.ts';

/** Pure-FTPd with one virtual user, with a quota. */
export async function startPureFtpd(
  mode: 'plain' | 'tls',
  quota = '',
): Promise<FileServer & Sandbox> {
  const sandbox = makeSandbox();
  const port = await freePort();
  const file = (name: string): string => join(sandbox.folder, name);
  if (mode === 'tls') writeFileSync(file('both.pem'), certificate().cert + certificate().key);
  // A hash of its own making would take seconds to check.
  const user = [
    credentials.username,
    passwordHash(),
    owner.uid,
    owner.gid,
    '',
    `${sandbox.home}/./`,
  ];
  writeFileSync(file('users'), `${user.join(':')}::::::${quota}:::::::\n`, { mode: 0o600 });
  execFileSync('pure-pw', ['mkdb', file('users.pdb'), '-f', file('users')], { stdio: 'pipe' });
  const server = new ServerProcess(
    [
      ...['pure-ftpd', '-4', '-E', '-H', '-u', '1', '-g', file('pid'), '-f', 'none'],
      ...['-l', `puredb:${file('users.pdb')}`, '-S', `127.0.0.1,${port}`],
      ...(mode === 'tls' ? ['-Y', '1', '-2', file('both.pem')] : []),
    ],
    port,
  );
  await server.start();
  return {
    ...sandbox,
    port,
    get pid() {
      return server.pid;
    },
    commands: () => [],
    start: () => server.start(),
    stop: (signal) => server.stop(signal),
  };
}

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { utils } from 'ssh2';
import {
  type FileServer,
  freePort,
  isRoot,
  makeSandbox,
  owner,
  type Sandbox,
  ServerProcess,
} from '../../../../tools/testing/file-server.ts';
import { hostKey, userKey } from './credentials.ts';

/** Who logs in: sshd serves users of the system only, and each of them sees the whole file system. */
export const sshUser: string = userInfo().username;

/** OpenSSH's sshd, where the user of the tests logs in with `userKey`. */
export async function startSshd(): Promise<FileServer & Sandbox> {
  const sandbox = makeSandbox(isRoot ? 0 : owner.uid);
  const port = await freePort();
  const write = (name: string, text: string): string => {
    writeFileSync(join(sandbox.folder, name), text, { mode: 0o600 });
    return join(sandbox.folder, name);
  };
  if (isRoot) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const lines = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${write('host.key', hostKey().private)}`,
    `AuthorizedKeysFile ${write('authorized', publicKey())}`,
    'PermitRootLogin yes',
    'PasswordAuthentication yes',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'StrictModes no',
    'Subsystem sftp internal-sftp',
    `PidFile ${join(sandbox.folder, 'pid')}`,
  ];
  // It starts itself once more for each connection, and so wants to be called by its whole path.
  const program = execFileSync('which', ['sshd'], { encoding: 'utf8' }).trim();
  const server = new ServerProcess(
    [program, '-D', '-e', '-f', write('config', lines.join('\n'))],
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

/** Of `userKey`, as OpenSSH reads it. */
function publicKey(): string {
  const key = utils.parseKey(userKey().private, userKey().passphrase);
  if (key instanceof Error) throw key;
  return `${key.type} ${key.getPublicSSH().toString('base64')}\n`;
}

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utils } from 'ssh2';
import {
  type Certificate,
  makeTestCa,
  type TestCa,
} from '../../../../tools/testing/certificates.ts';
import { credentials } from '../../../../tools/testing/proftpd.ts';

let ca: TestCa | undefined;
let server: Certificate | undefined;

export function testCa(): TestCa {
  ca ??= makeTestCa();
  return ca;
}

/** Of a server that is called localhost, also by its address. */
export function certificate(): Certificate {
  server ??= testCa().issueServer(['DNS:localhost', 'IP:127.0.0.1']);
  return server;
}

/** Of this machine's address, valid for one day in 2020. */
export function expiredCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'expired-'));
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  try {
    writeFileSync(
      join(folder, 'ca.conf'),
      `[ca]
default_ca = own
[own]
new_certs_dir = .
database = index
serial = serial
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = IP:127.0.0.1
basicConstraints = CA:TRUE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`,
    );
    writeFileSync(join(folder, 'index'), '');
    writeFileSync(join(folder, 'serial'), '01');
    openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=localhost',
      '-keyout',
      'key',
      '-out',
      'request',
    );
    openssl(
      ...['ca', '-batch', '-selfsign', '-config', 'ca.conf', '-keyfile', 'key', '-in', 'request'],
      ...[
        '-startdate',
        '20200101000000Z',
        '-enddate',
        '20200102000000Z',
        '-notext',
        '-out',
        'cert',
      ],
    );
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    return { cert: read('cert'), key: read('key') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface SshKey {
  readonly private: string;
  /** '' = it has none. */
  readonly passphrase: string;
  /** Of the public key. */
  readonly fingerprint: string;
  /** The public key as mod_sftp reads it. */
  readonly rfc4716: string;
}

const keys = new Map<string, SshKey>();

/** What the SFTP servers of the tests show. */
export function hostKey(): SshKey {
  return keyOf('host');
}

/** What a user may log in with; its passphrase is the password. */
export function userKey(): SshKey {
  return keyOf('user', credentials.password);
}

function keyOf(name: string, passphrase?: string): SshKey {
  const known = keys.get(name);
  if (known) return known;
  // Not ed25519: of those that ssh2 makes, one in 256 (its public half begins with a zero) is malformed.
  const pair = utils.generateKeyPairSync('ecdsa', {
    bits: 256,
    ...(passphrase && { passphrase, cipher: 'aes256-cbc', rounds: 16 }),
  });
  const body = pair.public.split(' ')[1] ?? '';
  const digest = createHash('sha256').update(Buffer.from(body, 'base64')).digest('base64');
  const key = {
    private: pair.private,
    passphrase: passphrase ?? '',
    fingerprint: `SHA256:${digest.replace(/=+$/, '')}`,
    rfc4716: `---- BEGIN SSH2 PUBLIC KEY ----\n${body.replace(/.{64}/g, '$&\n')}\n---- END SSH2 PUBLIC KEY ----\n`,
  };
  keys.set(name, key);
  return key;
}

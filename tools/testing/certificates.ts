import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  /** PEM, as `key`. */
  readonly cert: string;
  readonly key: string;
}

/** A CA of a test, as PEM. */
export interface TestCa {
  readonly ca: string;
  /**
   * A certificate of a server that is called `localhost`, or by the names given (`DNS:…`, `IP:…`).
   * @param options more of openssl's, such as `-days`, `3`
   */
  issueServer(names?: readonly string[], options?: readonly string[]): Certificate;
  /** A certificate of a client, with its common name. */
  issueClient(name: string): Certificate;
  /** As `issueClient`; it was valid in 2019. */
  issueExpiredClient(name: string): Certificate;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A fresh CA, by openssl; nothing of it stays on disk. */
export function makeTestCa(): TestCa {
  const own = certify({}, ['-subj', '/CN=Test CA']);
  const issue = (
    name: string,
    extensions: readonly string[],
    options: readonly string[],
  ): Certificate =>
    certify({ 'ca.pem': own.cert, 'ca.key': own.key }, [
      ...['-subj', `/CN=${name}`, '-CA', 'ca.pem', '-CAkey', 'ca.key'],
      ...['basicConstraints=CA:FALSE', ...extensions].flatMap((line) => ['-addext', line]),
      ...options,
    ]);
  return {
    ca: own.cert,
    issueServer: (names = ['DNS:localhost'], options = []) =>
      issue('localhost', [`subjectAltName=${names.join(',')}`], options),
    issueClient: (name) => issue(name, ['extendedKeyUsage=clientAuth'], []),
    issueExpiredClient: (name) => certifyExpired(own, name),
  };
}

/** One certificate with a new key; `files` are there for openssl to read. */
function certify(files: Record<string, string>, args: readonly string[]): Certificate {
  return inFolder(files, (openssl, read) => {
    const out = ['-keyout', 'new.key', '-out', 'new.pem'];
    openssl('req', '-x509', ...newKey, ...args, ...out);
    return { cert: read('new.pem'), key: read('new.key') };
  });
}

/** Only `openssl ca` can choose the dates, in the versions that Debian has. */
function certifyExpired(issuer: Certificate, name: string): Certificate {
  const config = `[ca]
default_ca = test
[test]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
`;
  const files = { 'ca.pem': issuer.cert, 'ca.key': issuer.key, config, index: '' };
  return inFolder(files, (openssl, read) => {
    openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', 'new.key', '-out', 'new.csr');
    openssl(
      ...['ca', '-batch', '-config', 'config', '-cert', 'ca.pem', '-keyfile', 'ca.key', '-notext'],
      ...['-startdate', '20190101000000Z', '-enddate', '20200101000000Z'],
      ...['-in', 'new.csr', '-out', 'new.pem'],
    );
    return { cert: read('new.pem'), key: read('new.key') };
  });
}

/** Runs openssl in a folder of its own with these files, which is gone afterwards. */
function inFolder<T>(
  files: Record<string, string>,
  work: (openssl: (...args: string[]) => void, read: (name: string) => string) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return work(
      (...args) => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' }),
      (name) => readFileSync(join(folder, name), 'utf8'),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

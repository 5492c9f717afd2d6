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
  /** A certificate of a server that is called `localhost`, or by the names given (`DNS:…`, `IP:…`). */
  issueServer(names?: readonly string[]): Certificate;
  /** A certificate of a client, with its common name. */
  issueClient(name: string): Certificate;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A fresh CA, by openssl; nothing of it stays on disk. */
export function makeTestCa(): TestCa {
  const own = certify({}, ['-subj', '/CN=Test CA']);
  const issue = (name: string, extensions: readonly string[]): Certificate =>
    certify({ 'ca.pem': own.cert, 'ca.key': own.key }, [
      ...['-subj', `/CN=${name}`, '-CA', 'ca.pem', '-CAkey', 'ca.key'],
      ...['basicConstraints=CA:FALSE', ...extensions].flatMap((line) => ['-addext', line]),
    ]);
  return {
    ca: own.cert,
    issueServer: (names = ['DNS:localhost']) =>
      issue('localhost', [`subjectAltName=${names.join(',')}`]),
    issueClient: (name) => issue(name, ['extendedKeyUsage=clientAuth']),
  };
}

/** One certificate with a new key; `files` are there for openssl to read. */
function certify(files: Record<string, string>, args: readonly string[]): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const out = ['-keyout', 'new.key', '-out', 'new.pem'];
    execFileSync('openssl', ['req', '-x509', ...newKey, ...args, ...out], {
      cwd: folder,
      stdio: 'pipe',
    });
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    return { cert: read('new.pem'), key: read('new.key') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

import type { Client } from 'basic-ftp';
import type { RemoteHash } from '../remote-files.ts';
import type { Session } from './login.ts';

/** Commands that compute a digest, what selects its algorithm, and what the digest looks like. */
const HASHES = [
  { command: 'HASH', algorithm: 'sha256', digest: /\b[0-9a-f]{64}\b/i },
  { command: 'XSHA256', algorithm: 'sha256', digest: /\b[0-9a-f]{64}\b/i },
  { command: 'XMD5', algorithm: 'md5', digest: /\b[0-9a-f]{32}\b/i },
] as const;

/** Has the server compute digests of files, with the best command that it has. */
export class Hasher {
  readonly #client: Client;
  readonly #known: (typeof HASHES)[number] | undefined;
  #isSelected = false;

  constructor(client: Client, features: Session['features']) {
    this.#client = client;
    this.#known = HASHES.find(({ command }) => features.has(command));
  }

  /** Undefined = the server has no such command. */
  async hash(path: string): Promise<RemoteHash | undefined> {
    if (!this.#known) return undefined;
    const { command, algorithm, digest } = this.#known;
    if (command === 'HASH' && !this.#isSelected) await this.#client.send('OPTS HASH SHA-256');
    this.#isSelected = true;
    const { message } = await this.#client.send(`${command} ${path}`);
    const found = digest.exec(message)?.[0];
    return found ? { algorithm, digest: found.toLowerCase() } : undefined;
  }
}

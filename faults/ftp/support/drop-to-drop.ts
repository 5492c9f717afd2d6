import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';
import { isRoot, owner } from '../../../tools/testing/file-server.ts';
import { credentials, startProftpd } from '../../../tools/testing/proftpd.ts';
import { tempFolder } from '../../support/folder.ts';
import { type HostUnderTest, startHost } from '../../support/host.ts';

const connector = fileURLToPath(new URL('../../../dist/bin/ftp-connector', import.meta.url));

export const FILES = 500;

export interface Drops {
  readonly server: Awaited<ReturnType<typeof startProftpd>>;
  /** Where the files are taken from, and where they go. */
  readonly from: string;
  readonly to: string;
}

/** A server with the folders `from`, full of files, and `to`, empty. */
export async function startDrops(bytes: number): Promise<Drops> {
  const server = await startProftpd();
  onTestFinished(async () => {
    await server.stop();
    server.remove();
  });
  const [from, to] = ['from', 'to'].map((name) => join(server.drop, name));
  if (!from || !to) throw new Error('there are two folders');
  for (const folder of [from, to]) {
    mkdirSync(folder);
    giveAway(folder);
  }
  for (let n = 0; n < FILES; n += 1) {
    const path = join(server.folder, 'unfinished');
    writeFileSync(path, contentOf(n, bytes));
    giveAway(path);
    renameSync(path, join(from, `${n}.csv`));
  }
  return { server, from, to };
}

/** Files that are taken from the one folder and put into the other, by a host with the executable. */
export function startTransfer(
  { server }: Drops,
  incoming: string,
  name = 'faults',
): { readonly host: HostUnderTest; readonly file: string } {
  const file = join(tempFolder(), 'integration.yaml');
  writeFileSync(
    file,
    `name: ${name}
store: ./${name}.db
concurrency: 4
incoming:
  type: ftp
  plugin: ${connector}
  settings:
    direction: incoming
    host: 127.0.0.1
    port: ${server.port}
    directory: /drop/from
    stability: { checks: 0 }
    pollIntervalMs: 200
    maxUnacked: 8
    connectTimeoutMs: 2000
    ${incoming}
  credentials: { username: ${credentials.username}, password: "\${SECRET:ftp}" }
outgoing:
  type: ftp
  plugin: ${connector}
  settings:
    direction: outgoing
    host: 127.0.0.1
    port: ${server.port}
    directory: /drop/to
    ifExists: rename
    connectTimeoutMs: 2000
  credentials: { username: ${credentials.username}, password: "\${SECRET:ftp}" }
  retry: { maxRetries: 100, initialBackoff: 100ms, maxBackoff: 1s }
`,
  );
  process.env['VRSKY_SECRET_FTP'] = credentials.password;
  return { host: startHost(file), file };
}

export interface Arrivals {
  readonly missing: number;
  /** Copies under a name with a number. */
  readonly duplicates: number;
  /** Files that are not what was sent, under a final name. */
  readonly broken: number;
  readonly temporary: number;
}

/** What is in the folder at the end. */
export function arrivalsIn({ to }: Drops, bytes: number): Arrivals {
  const seen = new Set<number>();
  const count = { duplicates: 0, broken: 0, temporary: 0 };
  for (const name of readdirSync(to)) {
    const n = Number(/^(\d+)(?:-\d+)?\.csv$/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(n)) count.temporary += 1;
    else if (readFileSync(join(to, name)).compare(contentOf(n, bytes)) !== 0) count.broken += 1;
    else if (seen.has(n)) count.duplicates += 1;
    else seen.add(n);
  }
  return { missing: FILES - seen.size, ...count };
}

/** Waits until so many files have arrived under their names. */
export async function arrived({ to }: Drops, files: number): Promise<void> {
  const whole = (): number => readdirSync(to).filter((name) => /^\d+\.csv$/.test(name)).length;
  await vi.waitUntil(() => whole() >= files, { timeout: 180_000, interval: 20 });
}

/** Waits until every file has been put away. */
export async function putAway({ from }: Drops): Promise<void> {
  const left = (): boolean => readdirSync(from).some((name) => name !== '.done');
  await vi.waitUntil(() => !left(), { timeout: 60_000, interval: 50 });
}

export function tell(what: string, { missing, duplicates, broken, temporary }: Arrivals): void {
  console.log(
    `${FILES} files, ${what}: missing ${missing}, half files ${broken}, temporary files left ${temporary}, duplicates ${duplicates}`,
  );
}

function contentOf(n: number, bytes: number): Buffer {
  return Buffer.alloc(bytes, `${n} `);
}

function giveAway(path: string): void {
  if (isRoot) chownSync(path, owner.uid, owner.gid);
}

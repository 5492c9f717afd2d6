import { chownSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectorProcess } from '@vrsky/runtime/host';
import { isRoot, owner } from '../../testing/file-server.ts';
import { startProftpd } from '../../testing/proftpd.ts';
import { MemoryWatch } from '../ts-host/usage.ts';
import type { Comparison, Contestant, Sample } from './compare.ts';
import { logIn, putOne, takeAll } from './ftp/bare.ts';
import { connect, messageOf, receiveAll, sendAll } from './ftp/host.ts';
import { type Compete, type ConnectorBenchmark, executableOf } from './run.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const MEMORY_EVERY_MS = 10;

/** Files in and out over plain FTP, with ProFTPD, beside basic-ftp making the same round trips. */
export const benchmark: ConnectorBenchmark = {
  connectors: ['ftp'],
  async measure(compete) {
    const server = await startProftpd();
    for (const folder of ['bare', 'one', 'eight', 'chunks', 'out']) fill(server, folder, 0, 0);
    try {
      await incoming(compete, server, 300, KIB);
      await incoming(compete, server, 12, 16 * MIB);
      await chunks(compete, server);
      await outgoing(compete, server, 300, KIB);
      await outgoing(compete, server, 12, 16 * MIB);
    } finally {
      await server.stop();
      server.remove();
    }
  },
};

/** A new process is slower than one that has run for a while, as basic-ftp's has. */
async function warmed(contestants: Comparison['contestants']): Promise<Comparison['contestants']> {
  for (const one of contestants) await one.run();
  return contestants;
}

type Server = Awaited<ReturnType<typeof startProftpd>>;

async function incoming(
  compete: Compete,
  server: Server,
  files: number,
  bytes: number,
): Promise<void> {
  const bare = await logIn(server.port);
  const settings = {
    direction: 'incoming',
    stability: { checks: 0 },
    pollIntervalMs: 10,
    maxFileSizeBytes: 63 * MIB,
  };
  const one = await connect(executableOf('ftp'), server.port, {
    ...settings,
    directory: '/drop/one',
  });
  const eight = await connect(executableOf('ftp'), server.port, {
    ...settings,
    directory: '/drop/eight',
    maxUnacked: 8,
  });
  try {
    await compete({
      title: `${files} files of ${bytes / KIB} KiB in, read, acked and moved`,
      contestants: await warmed([
        contestant('basic-ftp alone', files, undefined, {
          before: () => fill(server, 'bare', files, bytes),
          work: async () => void (await takeAll(bare, '/drop/bare')),
        }),
        contestant('ftp-connector and TypeScript host, 1 at a time', files, one, {
          before: () => fill(server, 'one', files, bytes),
          work: () => receiveAll(one, files),
        }),
        contestant('ftp-connector and TypeScript host, 8 at a time', files, eight, {
          before: () => fill(server, 'eight', files, bytes),
          work: () => receiveAll(eight, files),
        }),
      ]),
    });
  } finally {
    bare.close();
    await Promise.all([one.kill(), eight.kill()]);
  }
}

async function chunks(compete: Compete, server: Server): Promise<void> {
  const settings = {
    direction: 'incoming',
    stability: { checks: 0 },
    pollIntervalMs: 10,
    largeFile: 'chunk',
  };
  const bare = await logIn(server.port);
  const connector = await connect(executableOf('ftp'), server.port, {
    ...settings,
    directory: '/drop/chunks',
  });
  try {
    await compete({
      title: 'a file of 40 MiB in, as 40 messages',
      contestants: await warmed([
        contestant('basic-ftp alone', 40, undefined, {
          before: () => fill(server, 'bare', 1, 40 * MIB),
          work: async () => void (await takeAll(bare, '/drop/bare')),
        }),
        contestant('ftp-connector and TypeScript host', 40, connector, {
          before: () => fill(server, 'chunks', 1, 40 * MIB),
          work: () => receiveAll(connector, 40),
        }),
      ]),
    });
  } finally {
    bare.close();
    await connector.kill();
  }
}

async function outgoing(
  compete: Compete,
  server: Server,
  files: number,
  bytes: number,
): Promise<void> {
  const bare = await logIn(server.port);
  const settings = { direction: 'outgoing', directory: '/drop/out' };
  const connector = await connect(executableOf('ftp'), server.port, settings);
  const content = Buffer.alloc(bytes, 'x');
  const messages = Array.from({ length: files }, (_, n) => messageOf(`${n}.csv`, content));
  const before = (): void => fill(server, 'out', 0, 0);
  try {
    await compete({
      title: `${files} files of ${bytes / KIB} KiB out, checked and renamed`,
      contestants: await warmed([
        contestant('basic-ftp alone', files, undefined, {
          before,
          work: async () => {
            for (let n = 0; n < files; n += 1) await putOne(bare, `/drop/out/${n}.csv`, content);
          },
        }),
        contestant('ftp-connector and TypeScript host, 1 at a time', files, connector, {
          before,
          work: () => sendAll(connector, messages, 1),
        }),
        contestant('ftp-connector and TypeScript host, 4 at a time', files, connector, {
          before,
          work: () => sendAll(connector, messages, 4),
        }),
      ]),
    });
  } finally {
    bare.close();
    await connector.kill();
  }
}

function contestant(
  name: string,
  messages: number,
  connector: ConnectorProcess | undefined,
  { before, work }: { readonly before: () => void; readonly work: () => Promise<void> },
): Contestant {
  return {
    name,
    async run(): Promise<Sample> {
      before();
      using memory = connector && new MemoryWatch(connector.pid, MEMORY_EVERY_MS);
      const begun = performance.now();
      await work();
      const seconds = (performance.now() - begun) / 1000;
      return { messages, seconds, ...(memory && { anonPeak: memory.peak().anon }) };
    },
  };
}

/** Empties a folder of the server, and then puts whole files there, all at once. */
function fill(server: Server, folder: string, files: number, bytes: number): void {
  const target = join(server.drop, folder);
  const staging = join(server.folder, 'staging');
  for (const path of [target, join(target, '.done'), staging]) mkdirSync(path, { recursive: true });
  for (const path of [target, join(target, '.done')]) {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isFile()) rmSync(join(path, entry.name));
    }
    giveAway(path);
  }
  const content = Buffer.alloc(bytes, 'x');
  for (let n = 0; n < files; n += 1) {
    writeFileSync(join(staging, `${n}.csv`), content);
    giveAway(join(staging, `${n}.csv`));
  }
  for (const name of readdirSync(staging)) renameSync(join(staging, name), join(target, name));
}

function giveAway(path: string): void {
  if (isRoot) chownSync(path, owner.uid, owner.gid);
}

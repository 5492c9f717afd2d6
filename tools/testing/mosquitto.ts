import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from './certificates.ts';

const READY_MS = 10_000;

export interface MosquittoOptions {
  /** Further lines of its configuration. */
  readonly config?: readonly string[];
  /** Adds `mqtts` and `wss` listeners; `ca` makes clients show a certificate of that CA. */
  readonly tls?: Certificate & { readonly ca?: string };
  /** Files of its folder, which the configuration names as `FOLDER/NAME`. */
  readonly files?: Readonly<Record<string, string>>;
  /** Let in only those of the password file. Default: everybody. */
  readonly authenticated?: boolean;
  /** Log what the configuration says, instead of each packet: for benchmarks. */
  readonly silent?: boolean;
}

/** A broker of its own, on free ports of 127.0.0.1, that keeps its sessions over a restart. */
export interface Mosquitto {
  readonly port: number;
  readonly url: string;
  /** By scheme: `mqtt`, `ws`, and with `tls` also `mqtts` and `wss`. */
  readonly urls: Readonly<Record<string, string>>;
  readonly pid: number;
  log(): string;
  /** Resolves when it is gone; its folder stays until `remove`. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** On the same ports, with what it had saved. */
  start(): Promise<void>;
  /** Stops it, and leaves nothing. */
  remove(): Promise<void>;
}

/** Starts mosquitto, of Debian's package of that name; resolves when it listens. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const folder = mkdtempSync(join(tmpdir(), 'mosquitto-'));
  const schemes = options.tls ? ['mqtt', 'ws', 'mqtts', 'wss'] : ['mqtt', 'ws'];
  const ports = await freePorts(schemes.length);
  const { cert, key, ca } = options.tls ?? {};
  const files = { ...options.files, ...(cert && { 'server.pem': cert, 'server.key': key ?? '' }) };
  for (const [name, text] of Object.entries({ ...files, ...(ca && { 'ca.pem': ca }) })) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  }
  const config = [
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    'persistence true',
    `persistence_location ${folder}/`,
    `allow_anonymous ${options.authenticated ? 'false' : 'true'}`,
    ...(options.config ?? []).map((line) => line.replaceAll('FOLDER', folder)),
    ...schemes.flatMap((scheme, i) => listener(scheme, ports[i] ?? 0, folder, ca !== undefined)),
  ];
  writeFileSync(join(folder, 'mosquitto.conf'), `${config.join('\n')}\n`);

  let text = '';
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const verbose = options.silent ? [] : ['-v'];
    child = spawn('mosquitto', [...verbose, '-c', join(folder, 'mosquitto.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-200_000);
    });
    for (const port of ports) await listening(port, child, () => text);
  };
  const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill(signal);
    await gone;
  };
  const urls = Object.fromEntries(
    schemes.map((scheme, i) => [scheme, `${scheme}://localhost:${ports[i]}`]),
  );
  await start();
  return {
    port: ports[0] ?? 0,
    url: `mqtt://127.0.0.1:${ports[0]}`,
    urls,
    get pid() {
      return child?.pid ?? 0;
    },
    log: () => text,
    stop,
    start,
    async remove() {
      await stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function listener(scheme: string, port: number, folder: string, wantsClient: boolean): string[] {
  const secure = scheme === 'mqtts' || scheme === 'wss';
  return [
    `listener ${port} 127.0.0.1`,
    ...(scheme.startsWith('ws') ? ['protocol websockets'] : []),
    ...(secure ? [`certfile ${folder}/server.pem`, `keyfile ${folder}/server.key`] : []),
    ...(secure && wantsClient
      ? [`cafile ${folder}/ca.pem`, 'require_certificate true', 'use_identity_as_username true']
      : []),
  ];
}

/** All open at once, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  await Promise.all(servers.map((server) => once(server, 'close')));
  return ports;
}

async function listening(port: number, child: ChildProcess, log: () => string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      const ended = child.exitCode !== null || child.pid === undefined;
      if (ended || performance.now() > deadline) throw new Error(`mosquitto:\n${log()}`);
      await sleep(10);
    } finally {
      socket.destroy();
    }
  }
}

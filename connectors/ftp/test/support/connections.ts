import type { ConnectionConfig, JsonObject, Message } from '@vrsky/runtime';
import { PluginError } from '@vrsky/runtime';
import type { ConnectorHost } from '@vrsky/runtime/plugin';
import { expect, onTestFinished } from 'vitest';
import type { FileServer, Sandbox } from '../../../../tools/testing/file-server.ts';
import { credentials } from '../../../../tools/testing/proftpd.ts';
import { FtpDestination } from '../../src/destination.ts';
import { FtpSource } from '../../src/source.ts';
import { incomingConfig, outgoingConfig } from './config.ts';
import { hostKey, testCa, userKey } from './credentials.ts';
import { startProftpd } from './proftpd.ts';
import { startPureFtpd } from './pure-ftpd.ts';
import { sshUser, startSshd } from './sshd.ts';
import { startVsftpd } from './vsftpd.ts';

export type Handed = Awaited<ReturnType<FtpSource['next']>>;
export const signal: AbortSignal = AbortSignal.timeout(600_000);

/** A server that runs until the test ends, and how to reach it. */
export interface Outside extends FileServer, Sandbox {
  readonly settings: JsonObject;
  readonly connection: Pick<ConnectionConfig, 'type' | 'credentials'>;
}

const START = {
  'proftpd ftp': () => startProftpd('plain'),
  'proftpd ftps': () => startProftpd('tls'),
  'proftpd ftps-implicit': () => startProftpd('implicit'),
  'proftpd sftp': () => startProftpd('sftp'),
  'vsftpd ftp': () => startVsftpd('plain'),
  'vsftpd ftps': () => startVsftpd('tls'),
  'vsftpd ftps-implicit': () => startVsftpd('implicit'),
  'pure-ftpd ftp': () => startPureFtpd('plain'),
  'pure-ftpd ftps': () => startPureFtpd('tls'),
  'sshd sftp': () => startSshd(),
} as const;

export type Kind = keyof typeof START;

export async function startOutside(kind: Kind): Promise<Outside> {
  return reachable(kind, await START[kind]());
}

/** A started server as connections see it; it ends with the test. */
export function reachable(kind: Kind, server: FileServer & Sandbox): Outside {
  onTestFinished(async () => {
    await server.stop();
    server.remove();
  });
  const [program = '', type = ''] = kind.split(' ');
  const isTls = type.startsWith('ftps');
  return {
    ...server,
    settings: {
      port: server.port,
      ...(type === 'sftp' && { hostKeySha256: [hostKey().fingerprint] }),
      ...(program === 'sshd' && { directory: server.drop }),
    },
    connection: {
      type,
      credentials: { ...loginAt(program), ...(isTls && { tls_ca: testCa().ca }) },
    },
  };
}

function loginAt(program: string): Record<string, string> {
  if (program === 'vsftpd') return { username: 'anonymous', password: 'tests@localhost' };
  if (program !== 'sshd') return credentials;
  const { private: key, passphrase } = userKey();
  return { username: sshUser, private_key: key, private_key_passphrase: passphrase };
}

export interface Logged {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly text: string;
}

/** A host that keeps what is logged, and state if it is given any. */
export function createHost(state?: Map<string, { value: Uint8Array; revision: bigint }>): {
  host: ConnectorHost;
  logged: Logged[];
} {
  const logged: Logged[] = [];
  const at = (level: string) => (fields: Record<string, unknown>, text: string) =>
    void logged.push({ level, fields, text });
  const log = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map((level) => [level, at(level)]),
  );
  const noState = (): never => {
    throw new PluginError('UNSUPPORTED', 'this host keeps no state for connectors');
  };
  const host = {
    log,
    getState: async (key: string) => {
      if (!state) return noState();
      return state.get(key) ?? { value: new Uint8Array(), revision: 0n };
    },
    putState: async (key: string, value: Uint8Array, revision: bigint) => {
      if (!state) return noState();
      if ((state.get(key)?.revision ?? 0n) !== revision)
        throw new PluginError('STATE_CONFLICT', 'stale');
      state.set(key, { value, revision: revision + 1n });
      return revision + 1n;
    },
  } as unknown as ConnectorHost;
  return { host, logged };
}

/** A started source; it is stopped when the test ends. */
export async function startSource(
  outside: Pick<Outside, 'settings' | 'connection'>,
  settings: JsonObject = {},
  more: { id?: string; host?: ReturnType<typeof createHost> } = {},
): Promise<{
  source: FtpSource;
  logged: Logged[];
  next(withinMs?: number): Promise<Handed>;
  stop(): Promise<void>;
}> {
  const { host, logged } = more.host ?? createHost();
  const config = incomingConfig(
    { ...outside.settings, ...settings },
    { ...outside.connection, ...(more.id && { id: more.id }) },
  );
  const source = new FtpSource(config, host);
  await source.start(signal);
  // As the runtime: one signal for all calls, aborted by Disconnect.
  const intake = new AbortController();
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    intake.abort(new Error('disconnected'));
    stopped ??= source.stop(AbortSignal.abort());
    return stopped;
  };
  onTestFinished(stop);
  return {
    source,
    logged,
    stop,
    next: (withinMs = 10_000) => {
      const late = AbortSignal.timeout(withinMs);
      return source.next(AbortSignal.any([late, intake.signal]));
    },
  };
}

/** A started destination; it is stopped when the test ends. */
export async function startDestination(
  outside: Pick<Outside, 'settings' | 'connection'>,
  settings: JsonObject = {},
): Promise<{
  destination: FtpDestination;
  logged: Logged[];
  send(message: Message): Promise<string>;
  failure(message: Message): Promise<PluginError>;
}> {
  const { host, logged } = createHost();
  const config = outgoingConfig({ ...outside.settings, ...settings }, outside.connection);
  const destination = new FtpDestination(config, host);
  await destination.start(signal);
  onTestFinished(() => destination.stop(AbortSignal.timeout(5000)));
  const attempt = async (message: Message) => (await destination.send([message], signal))[0];
  return {
    destination,
    logged,
    async send(message) {
      const outcome = await attempt(message);
      if (outcome instanceof Error) throw outcome;
      return outcome?.messageId ?? '';
    },
    async failure(message) {
      const outcome = await attempt(message);
      expect(outcome).toBeInstanceOf(PluginError);
      return outcome as PluginError;
    },
  };
}

export function messageOf(
  id: string,
  payload: string | Uint8Array,
  headers: Record<string, string> = {},
): Message {
  return {
    id,
    payload: Buffer.from(payload),
    contentType: 'application/octet-stream',
    metadata: {
      customerId: '',
      tenantId: '',
      integrationId: '',
      source: '',
      destination: '',
      correlationId: '',
      traceId: '',
    },
    headers,
    timestamp: undefined,
  };
}

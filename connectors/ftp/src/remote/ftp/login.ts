import { Client, enterPassiveModeIPv4, enterPassiveModeIPv6, FTPError } from 'basic-ftp';
// Not among the package's exports; the version is pinned, and a test shows the guard.
import { enterPassiveModeIPv4_forceControlHostIP as enterGuardedPassiveMode } from 'basic-ftp/dist/transfer.js';
import { remoteError, tlsRefused } from '../../errors.ts';
import type { Server } from '../server.ts';
import { awaitRefusals } from './refusal.ts';
import { tlsOptions } from './tls.ts';

/** Bounds what a listing may cost; some 300,000 entries. */
const MAX_LISTING_BYTES = 32 * 1024 * 1024;
const FACTS = 'OPTS MLST type;size;modify;unique;';

const LIST_COMMANDS = { mlsd: ['MLSD'], list: ['LIST'], 'list-a': ['LIST -a'] } as const;

export interface Session {
  readonly client: Client;
  /** Commands that the server says it has. */
  readonly features: ReadonlyMap<string, string>;
  /** Where the login leads. */
  readonly home: string;
}

/**
 * Connects and logs in. The password leaves only over TLS, where that is asked for, and only once the
 * server has agreed to encrypt transfers, too.
 * @throws PluginError; nothing stays open
 */
export async function logIn(server: Server, signal: AbortSignal): Promise<Session> {
  const { settings, credentials, address } = server;
  const { allowSeparateTransferHost, encoding, transferStallTimeoutMs } = settings;
  const client = new Client(transferStallTimeoutMs, {
    allowSeparateTransferHost,
    maxListingBytes: MAX_LISTING_BYTES,
  });
  client.ftp.encoding = encoding;
  const abort = (): void => client.close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await connect(client, server);
    const isProtected = await protectData(client, server, true);
    await client.login(credentials['username'], credentials['password'] ?? '');
    if (!isProtected) await protectData(client, server, false);
    choosePassive(client, settings);
    awaitRefusals(client);
    const features = await configure(client, settings);
    return { client, features, home: await client.pwd() };
  } catch (error) {
    client.close();
    signal.throwIfAborted();
    throw remoteError(error, 'connect', `the login at ${address}`);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function connect(client: Client, server: Server): Promise<void> {
  const { type, settings, port, address } = server;
  if (type === 'ftps-implicit') {
    await client.connectImplicitTLS(settings.host, port, tlsOptions(server));
    return;
  }
  await client.connect(settings.host, port);
  if (type !== 'ftps') return;
  const options = tlsOptions(server);
  try {
    await client.useTLS(options);
  } catch (error) {
    throw error instanceof FTPError ? tlsRefused(error, `AUTH TLS at ${address}`) : error;
  }
}

/**
 * Has transfers encrypted; false = the server wants the login first, which is encrypted by now.
 * basic-ftp would ignore a refusal.
 */
async function protectData(
  client: Client,
  { settings, address }: Server,
  beforeLogin: boolean,
): Promise<boolean> {
  if (!client.ftp.hasTLS) return true;
  await client.sendIgnoringError('PBSZ 0');
  const { code, message } = await client.sendIgnoringError('PROT P');
  if (code < 400) return true;
  if (beforeLogin && (code === 530 || code === 503)) return false;
  if (settings.tls.requireDataProtection) throw tlsRefused(message, `PROT P at ${address}`);
  await client.send('PROT C');
  return true;
}

function choosePassive(
  client: Client,
  { passive, allowSeparateTransferHost }: Server['settings'],
): void {
  if (passive === 'epsv') client.prepareTransfer = enterPassiveModeIPv6;
  if (passive !== 'pasv') return; // the library's own way is EPSV, then PASV
  client.prepareTransfer = allowSeparateTransferHost
    ? enterPassiveModeIPv4
    : enterGuardedPassiveMode;
}

async function configure(
  client: Client,
  { encoding, listCommand }: Server['settings'],
): Promise<ReadonlyMap<string, string>> {
  const features = await client.features();
  await client.send('TYPE I');
  if (encoding === 'utf8' && features.has('UTF8')) await client.sendIgnoringError('OPTS UTF8 ON');
  const hasFacts = features.has('MLST') || features.has('MLSD');
  if (hasFacts) await client.sendIgnoringError(FACTS);
  client.availableListCommands =
    listCommand === 'auto'
      ? [...(hasFacts ? ['MLSD'] : []), 'LIST -a', 'LIST']
      : [...LIST_COMMANDS[listCommand]];
  return features;
}

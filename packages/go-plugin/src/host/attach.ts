import type { Logger } from 'pino';
import { createBroker } from '../broker/broker.ts';
import { socketNetwork } from '../broker/network.ts';
import { GoPluginError } from '../errors.ts';
import { type Connection, connect } from '../grpc/connection.ts';
import type { SocketPlace } from '../grpc/socket.ts';
import type { Address } from '../handshake/handshake.ts';
import { type Identity, toPem } from '../tls/certificate.ts';
import { type MutualTls, mutualTls } from '../tls/options.ts';
import { within } from '../within.ts';
import { unknownExit } from './attached-process.ts';
import type { Process } from './child.ts';
import { openBrokerStream, readPrints } from './core-services.ts';
import { exitedEarly, exitedLater } from './exit.ts';
import { startCancelled } from './first-line.ts';
import { createKill } from './kill.ts';
import type { PluginProcess } from './plugin-process.ts';
import { type PrintStreams, printSinks } from './printed.ts';

/** A process that ends takes its connections along; its exit, which says more than they do, is known this much later. */
const exitAfterLossMs = 500;

export interface AttachOptions extends PrintStreams {
  readonly pid: number;
  /** Nothing in test mode: the process is not ours to end, and what counts is the connection. */
  readonly process: Process | undefined;
  readonly version: number;
  readonly address: Address;
  /** DER of the plugin's certificate. */
  readonly certificate?: Buffer | undefined;
  readonly identity?: Identity | undefined;
  /** For the sockets that this side listens on. */
  readonly place: SocketPlace & { readonly network: 'unix'; readonly dir: string };
  readonly removeSockets: () => Promise<void>;
  readonly maxMessageBytes: number;
  /** For the first answer on each connection to the plugin. */
  readonly timeoutMs: number;
  readonly log: Logger;
  readonly signal: AbortSignal | undefined;
}

/** Connects to a plugin whose address is known, and opens the streams that live as long as it does. */
export async function attach(options: AttachOptions): Promise<PluginProcess> {
  const { pid, process, version, address, log, maxMessageBytes, timeoutMs } = options;
  const tls = tlsWith(options.identity, options.certificate);
  const whyLost = async (): Promise<Error | undefined> =>
    process && (await within(exitAfterLossMs, process.exited))
      ? exitedLater(await process.exited)
      : undefined;
  const connection = await connectTo(options, { tls, maxMessageBytes, timeoutMs, whyLost });
  const brokerEnd = createBroker(
    socketNetwork({
      place: options.place,
      tls,
      maxMessageBytes,
      timeoutMs,
      whyLost,
      onRefused: (error) => log.warn({ reason: error.message }, 'brokered connection refused'),
    }),
  );
  const streams = new AbortController();
  openBrokerStream(connection.transport, brokerEnd, streams.signal);
  void readPrints(connection, printSinks(options, log), log, streams.signal);

  const kill = createKill({ ...options, connection, brokerEnd });
  // A plugin that cannot be reached does no more work for this host; `exited` tells the host.
  void connection.closed.then(() => {
    streams.abort();
    return kill();
  });
  void process?.exited.then(({ code, signal }) => {
    if (code === 0) log.info({ pluginPid: pid }, 'plugin process exited');
    else log.error({ pluginPid: pid, code, signal }, 'plugin process exited');
    brokerEnd.hangUp();
    return connection.close();
  });
  const socketDir = options.place.dir;
  return {
    transport: connection.transport,
    calls: connection.calls,
    broker: brokerEnd.broker,
    negotiatedVersion: version,
    pid,
    exited: process?.exited ?? connection.closed.then(() => unknownExit),
    reattachConfig: tls
      ? undefined
      : { protocolVersion: version, address, pid, test: process === undefined, socketDir },
    kill,
  };
}

function tlsWith(identity: Identity | undefined, peer: Buffer | undefined): MutualTls | undefined {
  if (identity && peer) return mutualTls(identity, toPem(peer));
  if (!identity && !peer) return undefined;
  throw new GoPluginError(
    'CERTIFICATE_INVALID',
    identity
      ? 'the plugin sent no certificate although mutual TLS was asked for\nUse a plugin that supports AutoMTLS, or start this one with autoMtls: false.'
      : 'the plugin sent a certificate although mutual TLS was not asked for\nStart it with autoMtls: true.',
  );
}

/** A plugin that died between its handshake and our connection is reported as that. */
async function connectTo(
  { process, address, signal }: AttachOptions,
  options: Omit<Parameters<typeof connect>[1], 'signal'>,
): Promise<Connection> {
  try {
    return await connect(address, { ...options, signal });
  } catch (error) {
    if (signal?.aborted) throw startCancelled(signal.reason);
    if (process && (await within(exitAfterLossMs, process.exited))) {
      throw exitedEarly(await process.exited);
    }
    throw error;
  }
}

import type { Logger } from 'pino';
import { createBroker } from '../broker/broker.ts';
import { socketNetwork } from '../broker/network.ts';
import { GoPluginError } from '../errors.ts';
import { type Connection, connect } from '../grpc/connection.ts';
import type { HandshakeLine } from '../handshake/line.ts';
import { type Identity, toPem } from '../tls/certificate.ts';
import { type MutualTls, mutualTls } from '../tls/options.ts';
import type { Child } from './child.ts';
import { openBrokerStream, readPrints } from './core-services.ts';
import { exitedEarly, startCancelled } from './first-line.ts';
import { createKill } from './kill.ts';
import type { PluginProcess } from './plugin-process.ts';
import { logPrinted } from './printed.ts';

export interface AttachOptions {
  readonly child: Child;
  readonly line: HandshakeLine;
  readonly identity: Identity | undefined;
  readonly socketDir: string;
  readonly removeSockets: () => Promise<void>;
  readonly maxMessageBytes: number;
  readonly log: Logger;
  readonly signal: AbortSignal | undefined;
}

/** Connects to a plugin that has shaken hands, and opens the streams that live as long as it does. */
export async function attach(options: AttachOptions): Promise<PluginProcess> {
  const { child, line, log, maxMessageBytes } = options;
  const tls = tlsWith(options.identity, line.certificate);
  const connection = await connectTo(options, tls);
  const brokerEnd = createBroker(
    socketNetwork({
      place: { dir: options.socketDir },
      tls,
      maxMessageBytes,
      onRefused: (error) => log.warn({ reason: error.message }, 'brokered connection refused'),
    }),
  );
  const streams = new AbortController();
  openBrokerStream(connection.transport, brokerEnd, streams.signal);
  void readPrints(connection.transport, logPrinted(log), log, streams.signal);

  const kill = createKill({
    child,
    connection,
    brokerEnd,
    log,
    removeSockets: options.removeSockets,
  });
  // A plugin that cannot be reached can neither work nor be asked to end; `exited` tells the host.
  void connection.closed.then(() => {
    streams.abort();
    return kill();
  });
  void child.exited.then(({ code, signal }) => {
    if (code === 0) log.info({ pluginPid: child.pid }, 'plugin process exited');
    else log.error({ pluginPid: child.pid, code, signal }, 'plugin process exited');
    return connection.close();
  });
  return {
    transport: connection.transport,
    broker: brokerEnd.broker,
    negotiatedVersion: line.version,
    pid: child.pid,
    exited: child.exited,
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
  { child, line, maxMessageBytes, signal }: AttachOptions,
  tls: MutualTls | undefined,
): Promise<Connection> {
  try {
    return await connect(line.address, { tls, maxMessageBytes, signal });
  } catch (error) {
    if (signal?.aborted) throw startCancelled(signal.reason);
    const exit = await Promise.race([child.exited, soon()]);
    throw exit ? exitedEarly(exit) : error;
  }
}

function soon(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), 300));
}

import { X509Certificate } from 'node:crypto';
import type { SocketNetworkOptions } from '../broker/network.ts';
import { GoPluginError, reasonOf } from '../errors.ts';
import { type Listener, listen, type StreamHandler } from '../grpc/listener.ts';
import { defaultConnectMs, defaultServerMessageBytes } from '../grpc/tuning.ts';
import { environment } from '../handshake/environment.ts';
import { negotiateVersion } from '../handshake/version.ts';
import { createIdentity } from '../tls/certificate.ts';
import { mutualTls } from '../tls/options.ts';
import type { ServeOptions } from './options.ts';
import { placeFor } from './place.ts';
import { logToStderr } from './stderr.ts';

/** The socket that the host is told of, before anything is served on it. */
export interface MainListener {
  readonly listener: Listener;
  readonly version: number;
  /** DER, when the host asked for mutual TLS. */
  readonly certificate: Buffer | undefined;
  /** The same place, certificate and limits for brokered connections. */
  readonly network: SocketNetworkOptions;
}

/**
 * Listens as the variables of the host say.
 * @throws GoPluginError MISCONFIGURED, CERTIFICATE_INVALID, LISTEN_FAILED
 */
export async function openMainListener(
  options: Pick<ServeOptions, 'versions' | 'network' | 'maxMessageBytes' | 'confirmAnswers'>,
  env: NodeJS.ProcessEnv,
  handler: Promise<StreamHandler>,
): Promise<MainListener> {
  const version = chooseVersion(options, env);
  const clientCert = env[environment.clientCert];
  const identity = clientCert ? createIdentity() : undefined;
  const network: SocketNetworkOptions = {
    place: placeFor(options.network ?? 'unix', env),
    tls: clientCert && identity ? mutualTls(identity, parsed(clientCert)) : undefined,
    timeoutMs: defaultConnectMs,
    maxMessageBytes: options.maxMessageBytes ?? defaultServerMessageBytes,
    onRefused: (error) => logToStderr('warn', 'connection refused', { error: error.message }),
  };
  const { confirmAnswers } = options;
  const listener = await listen({ ...network, confirmAnswers, handler });
  return { listener, version, certificate: identity?.der, network };
}

function chooseVersion(
  { versions }: Pick<ServeOptions, 'versions'>,
  env: NodeJS.ProcessEnv,
): number {
  const own = Object.keys(versions).map(Number);
  if (own.length === 0) throw new GoPluginError('MISCONFIGURED', 'no protocol version is served');
  const { version, invalid } = negotiateVersion(own, env[environment.protocolVersions]);
  for (const item of invalid) {
    logToStderr('warn', `server sent invalid plugin version ${JSON.stringify(item)}`);
  }
  return version;
}

/** Node.js takes anything for a certificate authority, and would then refuse all connections without a reason. */
function parsed(clientCert: string): string {
  try {
    return new X509Certificate(clientCert).toString();
  } catch (cause) {
    const text = `client cert provided but failed to parse: ${reasonOf(cause)}`;
    throw new GoPluginError('CERTIFICATE_INVALID', text, { cause });
  }
}

import { X509Certificate } from 'node:crypto';
import { writeSync } from 'node:fs';
import { GoPluginError, reasonOf } from '../errors.ts';
import { type Listener, listen, type StreamHandler } from '../grpc/listener.ts';
import { defaultServerMessageBytes } from '../grpc/tuning.ts';
import { environment } from '../handshake/environment.ts';
import { formatHandshakeLine } from '../handshake/line.ts';
import { negotiateVersion } from '../handshake/version.ts';
import { createIdentity } from '../tls/certificate.ts';
import { type MutualTls, mutualTls } from '../tls/options.ts';
import { crashLikeGo } from './crash.ts';
import type { ServeOptions } from './options.ts';
import { onOrphaned } from './orphan.ts';
import { createShutdown } from './shutdown.ts';
import { requireHost } from './started-by-host.ts';
import { logToStderr } from './stderr.ts';

/**
 * Makes this process a plugin: for the main module, called once. Resolves when the services are ready; the process then
 * lives until the host ends it. Nothing may be printed to stdout before; what is printed after goes to the host's stdio
 * stream. Started by hand it explains itself on stderr and exits with 1.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { env } = process;
  requireHost(options.handshake, env);
  crashLikeGo();
  const listening = Promise.withResolvers<Listener>();
  const shutdown = createShutdown(listening.promise, options.onShutdown);
  process.on('SIGINT', () => logToStderr('trace', 'plugin received interrupt signal, ignoring'));
  process.on('SIGTERM', shutdown.begin);
  onOrphaned(shutdown.begin);

  const services = Promise.withResolvers<StreamHandler>();
  const place = { dir: env[environment.socketDir], group: env[environment.socketGroup] };
  let tls: MutualTls | undefined;
  let version: number;
  try {
    version = chooseVersion(options, env);
    const clientCert = env[environment.clientCert];
    const identity = clientCert ? createIdentity() : undefined;
    tls = clientCert && identity ? mutualTls(identity, parsed(clientCert)) : undefined;
    const listener = await listen({ place, tls, handler: services.promise, onRefused });
    options.onListening?.();
    const multiplexAsked = Boolean(env[environment.multiplex]);
    const line = { version, address: listener.address, certificate: identity?.der };
    writeSync(1, formatHandshakeLine(line, multiplexAsked));
    listening.resolve(listener);
  } catch (error) {
    logToStderr('error', 'plugin init error', { error: reasonOf(error) });
    process.exit(1);
  }

  const { capturePrints } = await import('./prints.ts');
  const prints = capturePrints();
  const { loadServices } = await import('./load.ts');
  services.resolve(
    await loadServices({
      network: {
        place,
        tls,
        onRefused,
        maxMessageBytes: options.maxMessageBytes ?? defaultServerMessageBytes,
      },
      application: options.versions[version],
      prints,
      shutdown,
    }),
  );
}

function chooseVersion({ versions }: ServeOptions, env: NodeJS.ProcessEnv): number {
  const own = Object.keys(versions).map(Number);
  if (own.length === 0) throw new GoPluginError('MISCONFIGURED', 'no protocol version is served');
  const { version, invalid } = negotiateVersion(own, env[environment.protocolVersions]);
  for (const item of invalid) {
    logToStderr('warn', `server sent invalid plugin version ${JSON.stringify(item)}`);
  }
  return version;
}

function onRefused(error: Error): void {
  logToStderr('warn', 'connection refused', { error: error.message });
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

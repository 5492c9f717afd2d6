import { pid } from 'node:process';
import type { StreamHandler } from '../grpc/listener.ts';
import type { ReattachConfig } from '../handshake/reattach-config.ts';
import { openMainListener } from './main-listener.ts';
import type { ServeOptions } from './options.ts';
import { createShutdown } from './shutdown.ts';

export interface TestServer {
  /** For the host: it attaches to this process instead of starting one. */
  readonly reattachConfig: ReattachConfig;
  /** Resolves when the server has ended. */
  readonly closed: Promise<void>;
  /** Ends the server as Shutdown ends a plugin, but not the process. Idempotent. */
  close(): Promise<void>;
}

/**
 * go-plugin's test mode: serves the plugin within this process, for debuggers and tests. No cookie is asked for, nothing
 * is printed, and signals, crashes and what the process prints are left alone. The lowest version is served, without TLS,
 * and reattached hosts do not end it.
 * @throws GoPluginError MISCONFIGURED, LISTEN_FAILED
 */
export async function serveTest(
  options: Pick<
    ServeOptions,
    'versions' | 'network' | 'maxMessageBytes' | 'confirmAnswers' | 'onShutdown'
  >,
): Promise<TestServer> {
  const services = Promise.withResolvers<StreamHandler>();
  const { listener, version, network } = await openMainListener(options, {}, services.promise);
  const shutdown = createShutdown(Promise.resolve(listener), options.onShutdown);
  const close = (): Promise<void> => {
    shutdown.begin();
    return shutdown.done;
  };
  try {
    const { createPrints } = await import('./prints.ts');
    const { loadServices } = await import('./load.ts');
    const { prints } = createPrints();
    const application = options.versions[version];
    services.resolve(await loadServices({ network, application, prints, shutdown }));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    reattachConfig: { protocolVersion: version, address: listener.address, pid, test: true },
    closed: shutdown.done,
    close,
  };
}

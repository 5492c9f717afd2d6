import { writeSync } from 'node:fs';
import { reasonOf } from '../errors.ts';
import type { Listener, StreamHandler } from '../grpc/listener.ts';
import { environment } from '../handshake/environment.ts';
import { formatHandshakeLine } from '../handshake/line.ts';
import { crashLikeGo } from './crash.ts';
import { leaveInPeace } from './leave.ts';
import { type MainListener, openMainListener } from './main-listener.ts';
import type { ServeOptions } from './options.ts';
import { onOrphaned } from './orphan.ts';
import { createShutdown } from './shutdown.ts';
import { requireHost } from './started-by-host.ts';
import { logToStderr, rewriteStderr } from './stderr.ts';
import { onTerminate } from './terminate.ts';

const defaultDrainMs = 10_000;

/**
 * Makes this process a plugin: for the main module, called once. Resolves when the services are ready; the process then
 * lives until the host ends it. Nothing may be printed to stdout before; what is printed after goes to the host's stdio
 * stream. Started by hand it explains itself on stderr and exits with 1.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { env } = process;
  requireHost(options.handshake, env);
  if (options.rewrite) rewriteStderr(options.rewrite);
  crashLikeGo();
  const listening = Promise.withResolvers<Listener>();
  const shutdown = createShutdown(listening.promise, options.onShutdown);
  void shutdown.done.then(leaveInPeace);
  process.on('SIGINT', () => logToStderr('trace', 'plugin received interrupt signal, ignoring'));
  let connected = (): boolean => false;
  const drainMs = options.drainMs ?? defaultDrainMs;
  onTerminate({ connected: () => connected(), drainMs }, shutdown.begin);

  const services = Promise.withResolvers<StreamHandler>();
  let main: MainListener;
  try {
    main = await openMainListener(options, env, services.promise);
    options.onListening?.();
    const line = { ...main, address: main.listener.address };
    writeSync(1, formatHandshakeLine(line, Boolean(env[environment.multiplex])));
  } catch (error) {
    logToStderr('error', 'plugin init error', { error: reasonOf(error) });
    process.exit(1);
  }
  listening.resolve(main.listener);
  ({ connected } = main.listener);
  if (!options.outliveHost) onOrphaned(connected, shutdown.begin);

  const { capturePrints } = await import('./prints.ts');
  const prints = capturePrints(options.rewrite);
  const { loadServices } = await import('./load.ts');
  const application = options.versions[main.version];
  services.resolve(await loadServices({ network: main.network, application, prints, shutdown }));
}

import { createPluginLogger, serve as servePlugin } from '@vrsky/go-plugin/server';
import { HANDSHAKE, STREAMS_ONLY } from '../contract/handshake.ts';
import { messageLimit } from '../contract/message-limit.ts';
import { hotPathIsOff } from '../hot-path/switch.ts';
import type { Connector } from './connector.ts';
import { logLevel } from './log-level.ts';
import { memoryLimit } from './memory/limit.ts';
import { reservedBytes } from './memory/reserve.ts';
import { type MemoryUsage, openMemoryUsage } from './memory/usage.ts';
import { secrets } from './secrets.ts';

const UNCONFINED =
  'nothing confines this connector, which runs from its packages: it may read files and start processes; its executable may not';
/** How long the last drain may take: a go-plugin host kills the process after 2 s. */
const SHUTDOWN_MS = 1400;

export interface ServeOptions {
  /** Largest message that this connector takes from a host, in bytes. Default 16 MiB, at most 64 MiB. */
  readonly maxMessageBytes?: number;
  /** Whether any of its types is incoming. False makes all calls cheaper for hosts that are not known. Default true. */
  readonly receives?: boolean;
}

/**
 * The whole `main` of a connector. Started by a host it serves the connector; run by hand it answers
 * `--help`, `--version`, `--licenses`, `metadata`, `schema` and `validate FILE`.
 * @param load imports the connector's code: called only after the handshake, when file access is gone
 */
export async function serve(
  load: () => Promise<{ connector: Connector }>,
  options: ServeOptions = {},
): Promise<void> {
  const args = process.argv.slice(2);
  const byHand = process.env[HANDSHAKE.magicCookieKey] === undefined;
  if (byHand && args.length > 0) {
    const { runCommand } = await import('./command-line.ts');
    process.exitCode = await runCommand(args, load);
    return;
  }
  let memory: { readonly limitBytes: number | undefined; readonly usage: MemoryUsage } | undefined;
  let level = 'info';
  let shutdown: (limitMs: number) => Promise<void> = async () => {};
  const maxMessageBytes = messageLimit(options.maxMessageBytes);
  const rewrite = (text: string): string => secrets.redactLine(text);
  await servePlugin({
    handshake: HANDSHAKE,
    maxMessageBytes,
    rewrite,
    confirmAnswers: (options.receives ?? true) && process.env[STREAMS_ONLY] !== 'true',
    versions: {
      [HANDSHAKE.protocolVersion]: async ({ broker }) => {
        const [{ createPlugin }, { memoryGuard }, { connector }] = await Promise.all([
          import('./plugin.ts'),
          import('./memory/guard.ts'),
          load(),
        ]);
        const log = await createPluginLogger({ name: connector.metadata.name, level, rewrite });
        if (!process.permission) log.warn(UNCONFINED);
        const plugin = createPlugin(connector, broker, log, secrets);
        shutdown = plugin.shutdown;
        const { limitBytes, usage } = memory ?? {};
        if (limitBytes && usage) {
          const onMetric = (bytes: number): void =>
            plugin.host.recordMetric('memory_used_bytes', bytes);
          const needed = (): number => usage() + reservedBytes(limitBytes);
          memoryGuard.watch({ limitBytes, usage: needed, log, onMetric });
        }
        if (hotPathIsOff()) return plugin.routes;
        const { inFront } = await import('../hot-path/server/front.ts');
        return { routes: plugin.routes, inFront: inFront({ ...plugin, maxMessageBytes }) };
      },
    },
    onListening: () => {
      level = logLevel(process.env);
      memory = { limitBytes: memoryLimit(process.env), usage: openMemoryUsage() };
      dropFileAccess();
    },
    onShutdown: () => shutdown(SHUTDOWN_MS),
  });
}

/** The executable needs the file system for its socket only; a connector never touches it. */
function dropFileAccess(): void {
  // Absent unless Node runs with its permission model, as the executables do.
  process.permission?.drop('fs.read');
  process.permission?.drop('fs.write');
}

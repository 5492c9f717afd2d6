import { rm } from 'node:fs/promises';
import type { Logger } from 'pino';
import { GoPluginError } from '../errors.ts';
import { defaultClientMessageBytes, defaultConnectMs } from '../grpc/tuning.ts';
import { toAddress } from '../handshake/handshake.ts';
import type { ReattachConfig } from '../handshake/reattach-config.ts';
import { requireVersion } from '../handshake/version.ts';
import { attach } from './attach.ts';
import { attachedProcess } from './attached-process.ts';
import { exactlyOneTarget } from './launch.ts';
import { manage } from './managed.ts';
import type { PluginProcess } from './plugin-process.ts';
import type { PrintStreams } from './printed.ts';
import { isRunning } from './process-identity.ts';
import { createSocketDir } from './socket-dir.ts';

export interface ReattachOptions extends PrintStreams {
  /** What the plugin in test mode, or its earlier host, has told. */
  config: ReattachConfig;
  /** Application protocol versions that this host speaks. */
  versions: readonly number[];
  /** Largest message to receive, in bytes; above it calls fail RESOURCE_EXHAUSTED. Default 64 MiB. */
  maxMessageBytes?: number;
  log: Logger;
  /** Cancels the attempt; a plugin that runs is ended with `kill`. */
  signal?: AbortSignal;
}

/**
 * Connects to a plugin that runs already. Its log stays with whoever started it, and how it ends is unknown here. `kill`
 * ends it, but never a process that is not proven to be the plugin; in test mode it only hangs up.
 * @throws GoPluginError REATTACH_FAILED, APP_VERSION_INCOMPATIBLE, MISCONFIGURED, START_CANCELLED
 */
export async function reattach(options: ReattachOptions): Promise<PluginProcess> {
  checkOptions(options);
  requireVersion(options.config.protocolVersion, options.versions);
  return manage(options.signal, (signal) => attachTo(options, signal));
}

/** Callers without types may mix this with `launch`: its options must not seem to work. */
function checkOptions(options: ReattachOptions): void {
  if ('command' in options) throw exactlyOneTarget();
  if (!('sha256' in options)) return;
  throw new GoPluginError(
    'MISCONFIGURED',
    'only one of Reattach or SecureConfig can be set\nA process that runs already cannot be verified by the checksum of a file.',
  );
}

async function attachTo(options: ReattachOptions, signal: AbortSignal): Promise<PluginProcess> {
  const { config, log } = options;
  const { pid, address, protocolVersion } = config;
  if (!isRunning(pid)) throw notFound(config, new Error(`no process has the pid ${pid}`));
  const socketDir = await createSocketDir();
  const removeSockets = async (): Promise<void> => {
    await socketDir.remove();
    if (config.socketDir && !isRunning(pid)) {
      await rm(config.socketDir, { recursive: true, force: true });
    }
  };
  try {
    return await attach({
      ...options,
      pid,
      process: config.test ? undefined : attachedProcess(config, log),
      version: protocolVersion,
      address: toAddress(address.network, address.address),
      place: { network: 'unix', dir: socketDir.path },
      removeSockets,
      timeoutMs: defaultConnectMs,
      maxMessageBytes: options.maxMessageBytes ?? defaultClientMessageBytes,
      signal,
    });
  } catch (error) {
    await socketDir.remove();
    const unreachable = error instanceof GoPluginError && error.code === 'CONNECT_FAILED';
    throw unreachable ? notFound(config, error) : error;
  }
}

function notFound({ pid, address }: ReattachConfig, cause: Error): GoPluginError {
  const [reason] = cause.message.split('\n');
  return new GoPluginError(
    'REATTACH_FAILED',
    `reattachment process not found: pid ${pid} at ${address.network} ${address.address}: ${reason}\nThe plugin has ended, or the configuration is of an earlier one: start it again and use the new configuration.`,
    { cause },
  );
}

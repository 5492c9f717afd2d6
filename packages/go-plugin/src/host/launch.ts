import type { Logger } from 'pino';
import { GoPluginError } from '../errors.ts';
import type { PortRange } from '../grpc/port.ts';
import { defaultClientMessageBytes, defaultConnectMs } from '../grpc/tuning.ts';
import type { Handshake } from '../handshake/handshake.ts';
import { parseHandshakeLine } from '../handshake/line.ts';
import { createIdentity } from '../tls/certificate.ts';
import { attach } from './attach.ts';
import { type Child, startChild, type User } from './child.ts';
import { pluginEnvironment } from './environment.ts';
import { findExecutable, verifyChecksum } from './executable.ts';
import { readFirstLine, startCancelled } from './first-line.ts';
import { manage } from './managed.ts';
import { notesAbout } from './notes.ts';
import type { PluginProcess } from './plugin-process.ts';
import type { PrintStreams } from './printed.ts';
import { createSocketDir } from './socket-dir.ts';

/** go-plugin's, which plugins without unix sockets rely on. */
const defaultPorts: PortRange = { minPort: 10_000, maxPort: 25_000 };

export interface LaunchOptions extends PrintStreams {
  /** Path of the executable, or a name to look up in PATH. */
  command: string;
  args?: readonly string[];
  /** Where it runs. Default: the directory of this process. */
  cwd?: string;
  /** Whom it runs as, for hosts that are root. Its sockets belong to this user, those of the host to the group. */
  user?: User;
  /** For plugins that listen on TCP. Default 10000 to 25000, as in Go. */
  ports?: PortRange;
  handshake: Handshake;
  /** Application protocol versions that this host speaks. */
  versions: readonly number[];
  /**
   * Added to the few variables that plugins inherit: PATH, TZ, LANG, TMPDIR and the proxy ones. `process.env` hands over
   * everything; go-plugin's own variables never pass through.
   */
  env?: Readonly<Record<string, string | undefined>>;
  /** Mutual TLS with throw-away certificates. Default true. */
  autoMtls?: boolean;
  /** For the handshake line, from the start of the process, and then for the first answer. Default 60 s for each. */
  startTimeoutMs?: number;
  /** SHA-256 of the executable in hexadecimal; verified before it runs. */
  sha256?: string;
  /** Largest message to receive, in bytes; above it calls fail RESOURCE_EXHAUSTED. Default 64 MiB. */
  maxMessageBytes?: number;
  /** Gets the plugin's log, and at debug what it prints unless `syncStdout` and `syncStderr` do. */
  log: Logger;
  /** Cancels the start; a plugin that runs is ended with `kill`. */
  signal?: AbortSignal;
}

/**
 * Starts a plugin and connects to it.
 * @throws GoPluginError for every way in which that can fail; no process and no file is left behind then
 */
export async function launch(options: LaunchOptions): Promise<PluginProcess> {
  checkOptions(options);
  return manage(options.signal, (signal) => start(options, signal));
}

async function start(options: LaunchOptions, signal: AbortSignal): Promise<PluginProcess> {
  const { handshake, versions, log } = options;
  const command = await findExecutable(options.command);
  if (options.sha256 !== undefined) await verifyChecksum(command, options.sha256);
  const identity = options.autoMtls === false ? undefined : createIdentity();
  const socketDir = await createSocketDir(options.user);
  let child: Child | undefined;
  try {
    const notes = await notesAbout(command);
    if (signal.aborted) throw startCancelled(signal.reason);
    const env = pluginEnvironment(
      {
        handshake,
        versions,
        extra: options.env ?? {},
        socketDir: socketDir.path,
        clientCert: identity?.cert,
        ports: options.ports ?? defaultPorts,
      },
      process.env,
    );
    const { args = [], cwd, user } = options;
    child = await startChild(command, { args, env, cwd, user }, log);
    const timeoutMs = options.startTimeoutMs ?? defaultConnectMs;
    const firstLine = await readFirstLine(child, { timeoutMs, notes, signal });
    return await attach({
      ...options,
      ...parseHandshakeLine(firstLine, versions, notes),
      pid: child.pid,
      process: child,
      identity,
      place: { network: 'unix', dir: socketDir.path, group: user && String(user.gid) },
      removeSockets: socketDir.remove,
      timeoutMs,
      maxMessageBytes: options.maxMessageBytes ?? defaultClientMessageBytes,
      signal,
    });
  } catch (error) {
    await child?.destroy();
    await socketDir.remove();
    throw error;
  }
}

function checkOptions(options: LaunchOptions): void {
  const { handshake, versions } = options;
  if ('config' in options || !options.command) throw exactlyOneTarget();
  if (
    handshake.magicCookieKey === '' ||
    handshake.magicCookieValue === '' ||
    versions.length === 0
  ) {
    throw new GoPluginError(
      'MISCONFIGURED',
      'the host must name a magic cookie key and value, and at least one protocol version\nThey are constants shared with the plugin; see its documentation.',
    );
  }
}

/** For callers without types who mix `launch` and `reattach`. */
export function exactlyOneTarget(): GoPluginError {
  return new GoPluginError(
    'MISCONFIGURED',
    'exactly one of Cmd, or Reattach, or RunnerFunc must be set\nUse launch with a command, or reattach with the configuration of a running plugin.',
  );
}

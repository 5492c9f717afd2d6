import type { PortRange } from '../grpc/port.ts';
import { environment } from '../handshake/environment.ts';
import type { Handshake } from '../handshake/handshake.ts';

/** What a plugin inherits. Everything else of the host's environment may hold the host's secrets. */
const inherited = [
  'PATH',
  'TZ',
  'LANG',
  'TMPDIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

export interface PluginEnvironment {
  readonly handshake: Handshake;
  readonly versions: readonly number[];
  /** The caller's own variables. */
  readonly extra: Readonly<Record<string, string | undefined>>;
  readonly socketDir: string;
  readonly ports: PortRange;
  /** PEM; present when the plugin shall use mutual TLS. */
  readonly clientCert: string | undefined;
}

/** The whole environment of a plugin. go-plugin's variables come last, and those of an outer host never pass through. */
export function pluginEnvironment(
  options: PluginEnvironment,
  own: NodeJS.ProcessEnv,
): Record<string, string> {
  const reserved = new Set<string>(Object.values(environment));
  const all = { ...pick(own, inherited), ...options.extra };
  const passed = Object.keys(all).filter((name) => !reserved.has(name));
  return {
    ...pick(all, passed),
    [options.handshake.magicCookieKey]: options.handshake.magicCookieValue,
    [environment.minPort]: String(options.ports.minPort),
    [environment.maxPort]: String(options.ports.maxPort),
    [environment.protocolVersions]: options.versions.join(','),
    [environment.socketDir]: options.socketDir,
    ...(options.clientCert === undefined ? {} : { [environment.clientCert]: options.clientCert }),
  };
}

function pick(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = env[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

import { type ConnectionConfig, PluginError } from '@vrsky/runtime';
import type { ConnectorHost } from '@vrsky/runtime/plugin';

/** The secrets of a connection: those of its configuration, and behind them the host's. */
export interface Credentials {
  /** undefined = there is none of this name. */
  find(name: string): Promise<string | undefined>;
  /** @throws PluginError INVALID_CONFIG when there is none */
  need(name: string): Promise<string>;
  /** Keeps a part of one out of logs and errors, too. */
  hide(part: string): void;
}

export function createCredentials(
  { credentials }: Pick<ConnectionConfig, 'credentials'>,
  host: Pick<ConnectorHost, 'getSecret' | 'hideSecret'>,
  signal: AbortSignal,
): Credentials {
  const find = async (name: string): Promise<string | undefined> => {
    const given = credentials[name];
    if (given) return given;
    try {
      return (await host.getSecret(name, signal)) || undefined;
    } catch (error) {
      if (error instanceof PluginError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  };
  return {
    find,
    hide: (part) => host.hideSecret(part),
    async need(name) {
      const value = await find(name);
      if (value !== undefined) return value;
      throw missingCredential(name);
    },
  };
}

/** @param needed which setting needs it, as a clause */
export function missingCredential(name: string, needed = ''): PluginError {
  const field = `credentials.${name}`;
  const text = `${field}: is missing${needed}; with vrsky-host write ${name}: \${SECRET:name} under credentials`;
  return new PluginError('INVALID_CONFIG', text, { field });
}

/** Of a proxy that the variables HTTP_PROXY and HTTPS_PROXY name. */
export const PROXY_CREDENTIALS = {
  proxy_username: 'User name for the proxy of HTTP_PROXY and HTTPS_PROXY.',
  proxy_password: 'Password for that proxy.',
};

/** A warning for each credential that is given and makes no difference. */
export function unusedCredentials(
  credentials: Readonly<Record<string, string>>,
  used: readonly string[],
): string[] {
  return Object.keys(credentials)
    .filter((name) => !used.includes(name))
    .map((name) => `credentials.${name} is used by no setting`);
}

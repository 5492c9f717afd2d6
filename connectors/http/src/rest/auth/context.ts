import type { ConnectionConfig, Secrets } from '@vrsky/runtime';
import type { Dispatcher } from 'undici';
import { missingCredential } from '../../credentials.ts';
import type { AddressGuard } from '../address-guard.ts';
import type { RestSettings } from '../settings.ts';

/** Proves to the server who calls. */
export interface Authorization {
  /** Headers of one request, called for each; fetches a token where there is none. */
  headers(dispatcher: Dispatcher, signal: AbortSignal): Promise<Proof> | Proof;
  /** The server refused these headers with 401. True: `headers` gives others now. */
  refused(headers: Proof): boolean;
}

/** Names and values, of headers or of parameters of a query. */
export type Proof = Readonly<Record<string, string>>;

/** What an authorization is made of and with. */
export interface AuthContext {
  readonly config: ConnectionConfig<RestSettings>;
  readonly guard: AddressGuard;
  /** Gets every secret that is in use. */
  readonly secrets: Secrets;
  /** Called with everything that is made from a secret, such as a token. */
  readonly hide: (value: string) => void;
}

/** @throws PluginError INVALID_CONFIG, when it is missing */
export function credentialOf(
  { config }: Pick<AuthContext, 'config'>,
  name: string,
  scheme: string,
): string {
  const value = config.credentials[name];
  if (value) return value;
  throw missingCredential(name, `, and settings.auth.${scheme} needs it`);
}

/** Likewise, one that must not get out. */
export function secretOf(
  context: Pick<AuthContext, 'config' | 'secrets'>,
  name: string,
  scheme: string,
): string {
  const value = credentialOf(context, name, scheme);
  context.secrets.add(value);
  return value;
}

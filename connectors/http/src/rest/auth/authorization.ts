import { type ConnectionConfig, PluginError, type Secrets } from '@vrsky/runtime';
import type { Dispatcher } from 'undici';
import { isSendable } from '../../headers.ts';
import type { AddressGuard } from '../address-guard.ts';
import type { RestSettings } from '../settings.ts';
import { ClientCredentials } from './client-credentials.ts';
import type { ApiKeySettings } from './settings.ts';

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

/** @throws PluginError INVALID_CONFIG for credentials that are missing or unfit, without their values */
export function createAuthorization(context: AuthContext): Authorization {
  const { basic, bearer, oauth2, apiKey } = context.config.settings.auth;
  if ([basic, bearer, oauth2].filter((one) => one).length > 1) {
    const field = 'settings.auth';
    const text = `${field}: expected only one of basic, bearer and oauth2, which all are the header Authorization`;
    throw new PluginError('INVALID_CONFIG', text, { field });
  }
  const key = apiKey?.in === 'header' ? apiKeyProof(apiKey, context) : {};
  if (oauth2) return new ClientCredentials(context, oauth2, key);
  const proof = { ...key, ...(basic && basicProof(context)), ...(bearer && bearerProof(context)) };
  return { headers: () => proof, refused: () => false };
}

/** What belongs into the query of every request. */
export function queryProof(context: AuthContext): Proof {
  const { apiKey } = context.config.settings.auth;
  if (apiKey?.in !== 'query') return {};
  const proof = apiKeyProof(apiKey, context);
  for (const value of Object.values(proof)) context.hide(encodeURIComponent(value));
  return proof;
}

/** @throws PluginError INVALID_CONFIG, when it is missing */
export function secretOf(
  { config, secrets }: Pick<AuthContext, 'config' | 'secrets'>,
  name: string,
  scheme: string,
): string {
  const value = config.credentials[name];
  if (!value) {
    const field = `credentials.${name}`;
    const text = `${field}: is missing; settings.auth.${scheme} needs it`;
    throw new PluginError('INVALID_CONFIG', text, { field });
  }
  secrets.add(value);
  return value;
}

function basicProof(context: AuthContext): Proof {
  const { basic_username: name = '' } = context.config.credentials;
  if (!name || name.includes(':')) throw unfit('basic_username', 'a name without ":"');
  const password = secretOf(context, 'basic_password', 'basic');
  const pair = Buffer.from(`${name}:${password}`).toString('base64');
  context.hide(pair);
  return { authorization: `Basic ${pair}` };
}

function bearerProof(context: AuthContext): Proof {
  const token = secretOf(context, 'bearer_token', 'bearer');
  return { authorization: sendable(`Bearer ${token}`, 'bearer_token') };
}

function apiKeyProof({ in: place, name }: ApiKeySettings, context: AuthContext): Proof {
  const key = secretOf(context, 'api_key', 'apiKey');
  if (place === 'query') return { [name]: key };
  if (!isSendable(name, '')) {
    const field = 'settings.auth.apiKey.name';
    throw new PluginError('INVALID_CONFIG', `${field}: expected a header name`, { field });
  }
  return { [name.toLowerCase()]: sendable(key, 'api_key') };
}

function sendable(value: string, credential: string): string {
  if (isSendable('authorization', value)) return value;
  throw unfit(credential, 'what an HTTP header can carry');
}

function unfit(name: string, expected: string): PluginError {
  const field = `credentials.${name}`;
  return new PluginError('INVALID_CONFIG', `${field}: expected ${expected}`, { field });
}

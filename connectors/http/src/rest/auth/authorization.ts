import { type ConnectionConfig, PluginError, type Secrets } from '@vrsky/runtime';
import type { Dispatcher } from 'undici';
import { isSendable } from '../../headers.ts';
import type { AddressGuard } from '../address-guard.ts';
import type { RestSettings } from '../settings.ts';
import { ClientCredentials } from './client-credentials.ts';

/** Proves to the server who calls. */
export interface Authorization {
  /** Parameters that belong into the query of every request. */
  readonly query: Readonly<Record<string, string>>;
  /** Headers of one request, called for each; fetches a token where there is none. */
  headers(dispatcher: Dispatcher, signal: AbortSignal): Promise<Headers> | Headers;
  /** The server refused these headers with 401. True: `headers` gives others now. */
  refused(headers: Headers): boolean;
}

type Headers = Readonly<Record<string, string>>;

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
  const { settings, credentials } = context.config;
  const secret = (name: string): string => {
    const value = credential(credentials, name, `settings.auth is "${settings.auth}"`);
    context.secrets.add(value);
    return value;
  };
  const header = (name: string, value: string, from: string): Authorization => {
    if (!isSendable(name, value)) throw unfit(from, 'what an HTTP header can carry');
    return fixed({ [name.toLowerCase()]: value });
  };
  switch (settings.auth) {
    case 'basic': {
      const name = credential(credentials, 'basic_username', 'settings.auth is "basic"');
      if (name.includes(':')) throw unfit('basic_username', 'a name without ":"');
      const pair = Buffer.from(`${name}:${secret('basic_password')}`).toString('base64');
      context.hide(pair);
      return header('authorization', `Basic ${pair}`, 'basic_password');
    }
    case 'bearer':
      return header('authorization', `Bearer ${secret('bearer_token')}`, 'bearer_token');
    case 'apiKey': {
      const { in: place, name } = settings.apiKey;
      const key = secret('api_key');
      if (place === 'header') return header(name, key, 'api_key');
      context.hide(encodeURIComponent(key));
      return fixed({}, { [name]: key });
    }
    case 'oauth2':
      return new ClientCredentials(context, {
        id: credential(credentials, 'oauth2_client_id', 'settings.auth is "oauth2"'),
        secret: secret('oauth2_client_secret'),
      });
    default:
      return fixed({});
  }
}

/** @throws PluginError INVALID_CONFIG, when it is missing */
export function credential(
  credentials: Readonly<Record<string, string>>,
  name: string,
  because: string,
): string {
  const value = credentials[name];
  if (value) return value;
  const field = `credentials.${name}`;
  const text = `${field}: is missing; ${because} and needs it`;
  throw new PluginError('INVALID_CONFIG', text, { field });
}

function fixed(headers: Headers, query: Headers = {}): Authorization {
  return { query, headers: () => headers, refused: () => false };
}

function unfit(name: string, expected: string): PluginError {
  const field = `credentials.${name}`;
  return new PluginError('INVALID_CONFIG', `${field}: expected ${expected}`, { field });
}

import { PluginError } from '@vrsky/runtime';
import { isSendable } from '../../headers.ts';
import { ClientCredentials } from './client-credentials.ts';
import {
  type AuthContext,
  type Authorization,
  credentialOf,
  type Proof,
  secretOf,
} from './context.ts';
import type { ApiKeySettings } from './settings.ts';

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

function basicProof(context: AuthContext): Proof {
  const name = credentialOf(context, 'basic_username', 'basic');
  if (name.includes(':')) throw unfit('basic_username', 'a name without ":"');
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

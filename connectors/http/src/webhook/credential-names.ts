import type { CredentialNames } from '@vrsky/runtime/plugin';
import { PROXY_CREDENTIALS } from '../credentials.ts';
import { asksForCertificate } from './auth/create.ts';
import { namesOf } from './auth/names.ts';
import type { AuthSettings } from './auth/settings.ts';
import type { WebhookSettings } from './settings.ts';

/** Those that `settings.auth` names unless it says otherwise. */
const AUTH = {
  basic_username: 'User name for `auth.basic`.',
  basic_password: 'Password for `auth.basic`.',
  basic_password_previous: 'A second one, while it is changed.',
  bearer_tokens: 'Tokens for `auth.bearer`, one a line.',
  bearer_tokens_previous: 'Further ones, while they are changed.',
  api_keys: 'Keys for `auth.apiKey`, one a line.',
  api_keys_previous: 'Further ones, while they are changed.',
  jwt_public_keys: 'Public keys for `auth.jwt`, in PEM.',
  jwt_secret: 'Shared secret for `auth.jwt`.',
  jwt_secret_previous: 'A second one, while it is changed.',
  hmac_secret: 'Secrets of the signatures in `auth`, one a line.',
  hmac_secret_previous: 'Further ones, while they are changed.',
  webhook_public_key: 'Public keys for `auth.standardWebhooks`, one a line.',
  webhook_public_key_previous: 'Further ones, while they are changed.',
};
const SERVER = {
  tls_cert: 'Certificate of the server, in PEM, for `tls`.',
  tls_key: 'Its private key, in PEM.',
  tls_key_passphrase: 'Passphrase of that key, if it is encrypted.',
};
const CLIENTS = { tls_client_ca: 'Certificates of the CA of `auth.mtls`, in PEM.' };
const ISSUER = {
  tls_ca: 'Certificates of a private CA for `auth.jwt.jwksUrl`, in PEM.',
};

export const WEBHOOK_CREDENTIALS: CredentialNames<WebhookSettings> = {
  known: { ...AUTH, ...SERVER, ...CLIENTS, ...ISSUER, ...PROXY_CREDENTIALS },
  chosen: credentialsOf,
};

/** The names of those that the settings make use of. */
export function credentialsOf({ auth, routes = [], tls }: WebhookSettings): string[] {
  const auths: AuthSettings[] = [auth, ...routes.flatMap((route) => route.auth ?? [])];
  const schemes = auths.flatMap((one) => [one, ...(one.anyOf ?? [])]);
  const groups = [
    ...(tls ? [SERVER] : []),
    ...(auths.some(asksForCertificate) ? [CLIENTS] : []),
    ...(schemes.some(({ jwt }) => jwt?.jwksUrl) ? [ISSUER] : []),
    PROXY_CREDENTIALS,
  ];
  return [...auths.flatMap(namesOf), ...groups.flatMap((names) => Object.keys(names))];
}

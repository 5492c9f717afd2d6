import type { CredentialNames } from '@vrsky/runtime/plugin';
import { PROXY_CREDENTIALS } from '../credentials.ts';
import type { RestSettings } from './settings.ts';

/** Those of each scheme in `settings.auth`. */
const SCHEMES = {
  basic: {
    basic_username: 'User name for `auth.basic`.',
    basic_password: 'Password for `auth.basic`.',
  },
  bearer: { bearer_token: 'Token for `auth.bearer`.' },
  apiKey: { api_key: 'Key for `auth.apiKey`.' },
  oauth2: {
    oauth2_client_id: 'Id of the client for `auth.oauth2`.',
    oauth2_client_secret: 'Secret of the client for `auth.oauth2`.',
  },
  standardWebhooks: {
    signing_secret: 'What `auth.standardWebhooks` signs with: `whsec_…`, or `whsk_…` for ed25519.',
    signing_secret_previous: 'A second one, while secrets are changed.',
  },
} as const;

/** Those that need no setting. */
const TLS = {
  tls_ca: 'Certificates of a private CA, in PEM, which replace those of the system.',
  tls_client_cert: 'Certificate of the client, in PEM.',
  tls_client_key: 'Private key of the client, in PEM.',
  tls_client_passphrase: 'Passphrase of that key, if it is encrypted.',
};

export const REST_CREDENTIALS: CredentialNames<RestSettings> = {
  known: Object.assign({}, ...Object.values(SCHEMES), TLS, PROXY_CREDENTIALS) as Record<
    string,
    string
  >,
};

/** The names of those that the settings make use of. */
export function credentialsOf({ auth }: Pick<RestSettings, 'auth'>): string[] {
  const schemes = Object.keys(SCHEMES) as (keyof typeof SCHEMES)[];
  const used = schemes.filter((scheme) => auth[scheme]).map((scheme) => SCHEMES[scheme]);
  return [...used, TLS, PROXY_CREDENTIALS].flatMap((names) => Object.keys(names));
}

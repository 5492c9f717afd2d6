import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type ConnectionConfig, PluginError } from '@vrsky/runtime';
import type { CredentialNames } from '@vrsky/runtime/plugin';
import type { LinkSettings } from './settings.ts';

export const linkCredentials: CredentialNames<LinkSettings> = {
  known: {
    username: 'User name at the broker.',
    password: 'Its password.',
    jwt: 'JSON Web Token, sent as the password; `settings.jwtSecret` is the one to use for tokens that expire.',
    tls_ca: 'Certificates of the CAs to trust, in PEM. Default: the public ones.',
    tls_cert: 'Client certificate with its chain, in PEM.',
    tls_key: 'Private key of the client certificate, in PEM.',
    tls_key_passphrase: 'Passphrase of that key.',
  },
};

const CERTIFICATES = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

type Config = Pick<ConnectionConfig<LinkSettings>, 'settings' | 'credentials'>;

/** What is shown to the broker in CONNECT. `jwtSecret`, if it is set, gives the password later. */
export interface Login {
  readonly username?: string;
  readonly password?: string;
}

/** @throws PluginError INVALID_CONFIG */
export function loginOf({ settings, credentials }: Config): Login {
  const { username, password, jwt } = credentials;
  const given = [jwt && 'credentials.jwt', settings.jwtSecret && 'settings.jwtSecret'];
  const others = [password && 'credentials.password', ...given].filter(Boolean);
  if (others.length > 1) {
    throw invalid(others[1] ?? '', `expected only one of ${others.join(' and ')}`);
  }
  const secret = password || jwt;
  // MQTT.js wants one with each password; MQTT 3.1.1 does too, and brokers that look at a token alone
  // take an empty one.
  const name = username || (others.length > 0 ? '' : undefined);
  return { ...(name !== undefined && { username: name }), ...(secret && { password: secret }) };
}

/**
 * Whom to trust and what to show; undefined = the public CAs and nothing.
 * @throws PluginError INVALID_CONFIG
 */
export function secureContextOf({ credentials }: Config): SecureContext | undefined {
  const { tls_ca: ca, tls_cert: cert, tls_key: key, tls_key_passphrase: passphrase } = credentials;
  if (!ca && !cert && !key) return undefined;
  if (cert && !key)
    throw invalid('credentials.tls_key', 'is missing; credentials.tls_cert needs it');
  if (key && !cert)
    throw invalid('credentials.tls_cert', 'is missing; credentials.tls_key needs it');
  const trusted = ca && certificatesIn('credentials.tls_ca', ca);
  const chain = cert && certificatesIn('credentials.tls_cert', cert);
  if (key) {
    checked('credentials.tls_key', 'a private key in PEM, and its passphrase if it has one', () =>
      createPrivateKey({ key, ...(passphrase && { passphrase }) }),
    );
  }
  return checked('credentials.tls_key', 'the key of credentials.tls_cert', () =>
    createSecureContext({
      ...(trusted && { ca: trusted }),
      ...(chain && key && { cert: chain.join('\n'), key, ...(passphrase && { passphrase }) }),
    }),
  );
}

/** One by one, because a secure context takes anything else as "no certificates". */
function certificatesIn(field: string, text: string): string[] {
  const blocks = text.match(CERTIFICATES) ?? [text];
  return checked(field, 'certificates in PEM', () =>
    blocks.map((pem) => new X509Certificate(pem).toString()),
  );
}

function checked<T>(field: string, expected: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw invalid(field, `expected ${expected}`, cause);
  }
}

function invalid(field: string, text: string, cause?: unknown): PluginError {
  return new PluginError('INVALID_CONFIG', `${field}: ${text}`, { field, cause });
}

import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { PluginError } from '@vrsky/runtime';

const CERTIFICATES = /-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs;

/**
 * Certificates in PEM, the first one first. Parsed one by one, because TLS takes text that holds none
 * for "no certificates".
 * @param field where the text stands, such as `credentials.tls_ca`
 * @throws PluginError INVALID_CONFIG
 */
export function parseCertificates(
  pem: string,
  field: string,
): [X509Certificate, ...X509Certificate[]] {
  try {
    const [first = pem, ...others] = pem.match(CERTIFICATES) ?? [];
    return [new X509Certificate(first), ...others.map((one) => new X509Certificate(one))];
  } catch (cause) {
    throw invalid(field, 'certificates in PEM', cause);
  }
}

/** A certificate, those that lead to its CA, and its private key, as TLS takes them. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
  readonly passphrase?: string;
}

/**
 * Proves that certificate and key can be read and belong together. Gives the certificate.
 * @param fields where each stands
 * @throws PluginError INVALID_CONFIG
 */
export function checkKeyPair(
  { cert, key, passphrase }: KeyPair,
  fields: { readonly cert: string; readonly key: string },
): X509Certificate {
  const [certificate] = parseCertificates(cert, fields.cert);
  try {
    createSecureContext({ cert, key, ...(passphrase !== undefined && { passphrase }) });
  } catch (cause) {
    const { code = '' } = cause as { code?: string };
    throw code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'
      ? invalid(fields.key, `the private key of the certificate in ${fields.cert}`, cause)
      : invalid(fields.key, 'a private key in PEM, and its passphrase if it is encrypted', cause);
  }
  return certificate;
}

function invalid(field: string, expected: string, cause: unknown): PluginError {
  return new PluginError('INVALID_CONFIG', `${field}: expected ${expected}`, { field, cause });
}

import { isIP } from 'node:net';
import { type ConnectionConfig, PluginError } from '@vrsky/runtime';
import {
  type ConnectorHost,
  type CredentialNames,
  unusedProxyWarnings,
} from '@vrsky/runtime/plugin';
import { tlsOptions } from './ftp/tls.ts';
import type { ConnectionSettings } from './settings.ts';

/** The server of a connection, and how to speak to it. */
export interface Server {
  readonly type: string;
  readonly settings: ConnectionSettings;
  /** `directory` of the settings, as it is written there. */
  readonly directory: string;
  readonly credentials: Readonly<Record<string, string>>;
  readonly port: number;
  /** `host:port`, for texts. */
  readonly address: string;
  readonly log: ConnectorHost['log'];
}

const DEFAULT_PORT: Readonly<Record<string, number>> = {
  ftp: 21,
  ftps: 21,
  'ftps-implicit': 990,
  sftp: 22,
};

export const serverCredentials: CredentialNames<ConnectionSettings> = {
  known: {
    username: 'User name at the server. Required for `sftp`; default otherwise: `anonymous`.',
    password: 'Its password.',
    private_key: '`sftp`: private key to log in with, in PEM or the format of OpenSSH.',
    private_key_passphrase: 'Passphrase of that key.',
    tls_ca: '`ftps`: certificates of the CAs to trust, in PEM. Default: the public ones.',
    tls_cert: '`ftps`: client certificate with its chain, in PEM.',
    tls_key: 'Private key of the client certificate, in PEM.',
    tls_key_passphrase: 'Passphrase of that key.',
  },
};

/** @throws PluginError INVALID_CONFIG: what the schema cannot say */
export function serverOf(
  { type, settings, credentials }: ConnectionConfig<ConnectionSettings & { directory: string }>,
  log: ConnectorHost['log'],
): Server {
  const { host, directory, tls, allowInsecureTls, hostKeySha256, allowAnyHostKey } = settings;
  const port = settings.port ?? DEFAULT_PORT[type] ?? 21;
  if (!tls.rejectUnauthorized && !allowInsecureTls) {
    throw invalid(
      'settings.tls.rejectUnauthorized',
      '`false` needs settings.allowInsecureTls: true',
    );
  }
  if (type === 'sftp' && hostKeySha256.length === 0 && !allowAnyHostKey) {
    throw invalid(
      'settings.hostKeySha256',
      'expected the fingerprint of the server’s host key (ssh-keyscan HOST | ssh-keygen -lf -), or settings.allowAnyHostKey: true',
    );
  }
  if (type === 'sftp' && !credentials['username']) {
    throw invalid('credentials.username', 'is missing; a login by SSH needs it');
  }
  if (/[\0\r\n]/.test(directory))
    throw invalid('settings.directory', 'expected no control characters');
  for (const name of ['username', 'password'] as const) {
    if (/[\0\r\n]/.test(credentials[name] ?? '')) {
      throw invalid(`credentials.${name}`, 'expected no control characters');
    }
  }
  if (type.startsWith('ftps')) tlsOptions({ settings, credentials }); // its certificates and key have to be PEM
  const address = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
  return { type, settings, directory, credentials, port, address, log };
}

/** What is doubtful about the way to the server. */
export function serverWarnings({ type, settings, credentials }: Server): string[] {
  const warnings = unusedProxyWarnings([settings.host]);
  if (type === 'ftp' && credentials['password'] && !isLoopback(settings.host)) {
    warnings.push('type: ftp sends password and files unencrypted; prefer ftps or sftp');
  }
  if (type.startsWith('ftps') && !settings.tls.rejectUnauthorized) {
    warnings.push('settings.tls.rejectUnauthorized: nobody checks who the server is');
  }
  if (type === 'sftp' && settings.allowAnyHostKey && settings.hostKeySha256.length === 0) {
    warnings.push('settings.allowAnyHostKey: nobody checks who the server is');
  }
  return warnings;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

export function invalid(field: string, text: string): PluginError {
  return new PluginError('INVALID_CONFIG', `${field}: ${text}`, { field });
}

import type { X509Certificate } from 'node:crypto';
import type { Server } from 'node:http';
import { type ConnectionConfig, PluginError } from '@vrsky/runtime';
import type { ConnectorHost } from '@vrsky/runtime/plugin';
import { createCredentials, unusedCredentials } from '../credentials.ts';
import { createApp, type Reception } from './app.ts';
import { credentialsOf } from './credential-names.ts';
import { createRoutes } from './routes.ts';
import type { WebhookSettings } from './settings.ts';
import { loadTls } from './tls.ts';
import { certificateWarnings, settingsWarnings } from './warnings.ts';

export interface Prepared {
  /** It does not listen yet. */
  readonly server: Server;
  /** Of the server, if it has TLS. */
  readonly certificate: X509Certificate | undefined;
  /** What is legal and may still be a mistake. */
  readonly warnings: readonly string[];
}

/**
 * Everything of a webhook but its port.
 * @throws PluginError INVALID_CONFIG for whatever is wrong with settings and credentials
 */
export async function prepare(
  config: ConnectionConfig<WebhookSettings>,
  host: Pick<ConnectorHost, 'getSecret' | 'hideSecret'>,
  reception: Reception,
  signal: AbortSignal,
): Promise<Prepared> {
  const { settings } = config;
  checkLimits(settings);
  const credentials = createCredentials(config, host, signal);
  const routes = await createRoutes(settings, credentials);
  const secure = await loadTls(settings, credentials);
  const { server } = await createApp(settings, routes, secure?.tls, reception);
  const certificate = secure?.certificate;
  const warnings = settingsWarnings(settings, routes);
  if (certificate) warnings.push(...certificateWarnings(certificate));
  warnings.push(...unusedCredentials(config.credentials, credentialsOf(settings)));
  return { server, certificate, warnings };
}

function checkLimits({
  bodyLimitBytes,
  decompress,
  routes = [],
  ...settings
}: WebhookSettings): void {
  const largest = Math.max(bodyLimitBytes, ...routes.map((route) => route.bodyLimitBytes ?? 0));
  const needed = largest + decompress.maxBytes;
  if (settings.maxInFlightBytes >= needed) return;
  const field = 'settings.maxInFlightBytes';
  const sum = decompress.maxBytes > 0 ? ' and settings.decompress.maxBytes together' : '';
  const text = `${field}: expected at least settings.bodyLimitBytes${sum}, ${needed}`;
  throw new PluginError('INVALID_CONFIG', text, { field });
}

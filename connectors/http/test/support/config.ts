import type { ConnectionConfig } from '@vrsky/runtime';
import { checkSettings } from '@vrsky/runtime/plugin';
import { RestSettings, WebhookSettings } from '../../src/config.ts';

const zero = Temporal.Duration.from({ seconds: 0 });
export const common = {
  id: 'connection-1',
  name: 'http',
  credentials: {},
  timeout: zero,
  retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
};

/** A configuration with its defaults filled in as the runtime does it, on a free local port. */
export function webhookConfig(
  settings: object = {},
  credentials: Readonly<Record<string, string>> = {},
): ConnectionConfig<WebhookSettings> {
  const local = { host: '127.0.0.1', port: 0, ...settings };
  return {
    ...common,
    credentials,
    type: 'http-webhook',
    settings: checkSettings(WebhookSettings, local, 'settings'),
  };
}

/**
 * Likewise; private addresses are allowed, because that is where the test servers are, and nothing is probed: many
 * tests name an endpoint that does not exist.
 */
export function restConfig(
  settings: object,
  more: Partial<ConnectionConfig> = {},
): ConnectionConfig<RestSettings> {
  const local = { ssrf: { allowPrivate: true }, probe: false, ...settings };
  return {
    ...common,
    ...more,
    type: 'http-rest',
    settings: checkSettings(RestSettings, local, 'settings'),
  };
}

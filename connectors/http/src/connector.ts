import { defineConnector } from '@vrsky/runtime/plugin';
import { RestSettings, WebhookSettings } from './config.ts';
import { RestDestination } from './destination.ts';
import { REST_CREDENTIALS } from './rest/credential-names.ts';
import { WebhookSource } from './source.ts';
import { VERSION } from './version.ts';
import { WEBHOOK_CREDENTIALS } from './webhook/credential-names.ts';

export const connector = defineConnector({
  metadata: {
    id: 'http',
    name: 'http-connector',
    version: VERSION,
    description:
      'Receives webhooks (http-webhook) and calls REST endpoints (http-rest); http is either',
    author: 'VRSky',
    documentation: 'https://github.com/ValueRetail/vrsky/blob/main/connectors/http/README.md',
    capabilities: ['retryable', 'batching', 'tls', 'mtls'],
  },
  incoming: {
    types: ['http-webhook', 'http'],
    settings: WebhookSettings,
    credentials: WEBHOOK_CREDENTIALS,
    source: (config, host) => new WebhookSource(config, host),
  },
  outgoing: {
    types: ['http-rest', 'http'],
    settings: RestSettings,
    credentials: REST_CREDENTIALS,
    destination: (config, host) => new RestDestination(config, host),
  },
});

import { defineConnector } from '@vrsky/runtime/plugin';
import { PublishSettings, SubscribeSettings } from './config.ts';
import { PublishDestination } from './destination.ts';
import { linkCredentials } from './link/credentials.ts';
import { SubscribeSource } from './source.ts';
import { VERSION } from './version.ts';

export const connector = defineConnector({
  metadata: {
    id: 'mqtt',
    name: 'mqtt-connector',
    version: VERSION,
    description:
      'Receives messages from MQTT brokers (mqtt-subscribe) and publishes (mqtt-publish)',
    author: 'VRSky',
    documentation: 'https://github.com/ValueRetail/vrsky/blob/main/connectors/mqtt/README.md',
    capabilities: ['retryable', 'tls', 'mtls'],
  },
  incoming: {
    types: ['mqtt-subscribe', 'mqtt'],
    settings: SubscribeSettings,
    credentials: linkCredentials,
    source: (config, host) => new SubscribeSource(config, host),
  },
  outgoing: {
    types: ['mqtt-publish', 'mqtt'],
    settings: PublishSettings,
    credentials: linkCredentials,
    destination: (config, host) => new PublishDestination(config, host),
  },
});

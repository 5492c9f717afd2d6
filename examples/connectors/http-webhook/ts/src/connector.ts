import { defineConnector } from '@vrsky/runtime/plugin';
import { Type } from 'typebox';
import { Webhook } from './webhook.ts';

/** A small HTTP connector: webhooks in, at any path. */
export const connector = defineConnector({
  metadata: {
    id: 'vrsky.examples.http-webhook-ts',
    name: 'HTTP (TypeScript example)',
    version: '0.1.0',
    description: 'Receives webhooks',
    author: 'VRSky',
    documentation: 'https://github.com/ValueRetail/vrsky',
    capabilities: [],
  },
  incoming: {
    types: ['http-webhook'],
    settings: Type.Object({
      host: Type.String({ default: '0.0.0.0' }),
      port: Type.Integer({ minimum: 0, maximum: 65_535, default: 8080 }), // 0 = any free one
    }),
    source: ({ settings }) => new Webhook(settings),
  },
});

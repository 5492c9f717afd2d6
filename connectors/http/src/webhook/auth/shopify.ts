import type { SignatureScheme } from './signature.ts';

/** https://shopify.dev/docs/apps/build/webhooks/subscribe/https#step-2-validate-the-origin-of-your-webhook */
export const SHOPIFY: SignatureScheme = {
  header: 'x-shopify-hmac-sha256',
  algorithm: 'sha256',
  encoding: 'base64',
  prefix: '',
  separator: '',
  template: '{body}',
  // The header x-shopify-webhook-id is of the subscription in some versions.
  eventId: { header: 'x-shopify-event-id' },
};

import type { SignatureScheme } from './signature.ts';

/** https://docs.stripe.com/webhooks/signature: `t=1700000000,v1=…,v1=…` */
export const STRIPE: SignatureScheme = {
  header: 'stripe-signature',
  algorithm: 'sha256',
  encoding: 'hex',
  prefix: 'v1=',
  separator: ',',
  template: '{timestamp}.{body}',
  timestamp: { prefix: 't=' },
  eventId: { jsonPointer: '/id' },
};

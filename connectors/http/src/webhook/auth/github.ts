import type { SignatureScheme } from './signature.ts';

/** https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries */
export const GITHUB: SignatureScheme = {
  header: 'x-hub-signature-256',
  algorithm: 'sha256',
  encoding: 'hex',
  prefix: 'sha256=',
  separator: '',
  template: '{body}',
  eventId: { header: 'x-github-delivery' },
};

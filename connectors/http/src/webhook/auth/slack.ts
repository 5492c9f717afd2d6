import type { SignatureScheme } from './signature.ts';

/** https://docs.slack.dev/authentication/verifying-requests-from-slack */
export const SLACK: SignatureScheme = {
  header: 'x-slack-signature',
  algorithm: 'sha256',
  encoding: 'hex',
  prefix: 'v0=',
  separator: '',
  template: 'v0:{timestamp}:{body}',
  timestamp: { header: 'x-slack-request-timestamp' },
  eventId: { jsonPointer: '/event_id' },
};

/** https://docs.slack.dev/reference/events/url_verification: the challenge has to be sent back. */
export function slackHandshake(body: Uint8Array): string | undefined {
  // Not every body is JSON: commands are forms.
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!text.includes('"url_verification"')) return undefined;
  try {
    const { type, challenge } = JSON.parse(text.toString()) as Record<string, unknown>;
    return type === 'url_verification' && typeof challenge === 'string' ? challenge : undefined;
  } catch {
    return undefined;
  }
}

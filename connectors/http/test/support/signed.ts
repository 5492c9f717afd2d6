import { createHmac } from 'node:crypto';
import { expect } from 'vitest';
import {
  type Answer,
  deliver,
  type Handed,
  inFlight,
  post,
  startWebhook,
  type Webhook,
} from './webhook.ts';

export const NOW: number = 1_767_225_600;
export const SECRET = 'a secret of the sender';
export const BODY = '{"id":"evt_1","object":"event"}';

export type Headers = Record<string, string>;

/** A webhook with these schemes. */
export function signed(
  scheme: object,
  credentials: Headers = { hmac_secret: SECRET },
): Promise<Webhook> {
  return startWebhook({ auth: scheme }, { credentials });
}

export async function expectTaken(
  webhook: Webhook,
  body: string,
  headers: Headers,
): Promise<Handed['message']> {
  const { message, answer } = await deliver(webhook, post(webhook.port, '/', body, { headers }));
  expect(answer.status).toBe(202);
  expect(Buffer.from(message.payload).toString()).toBe(body);
  return message;
}

export async function expectRefused(webhook: Webhook, call: Promise<Answer>): Promise<void> {
  expect(await call).toMatchObject({ status: 401, body: '{"error":"not authorized"}' });
  expect(inFlight(webhook)).toBe(0);
  await expect(webhook.source.next(AbortSignal.abort(new Error('none')))).rejects.toThrow('none');
}

export function hex(secret: string, text: string, algorithm = 'sha256'): string {
  return createHmac(algorithm, secret).update(text).digest('hex');
}

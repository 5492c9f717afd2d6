import type { Reply } from '@vrsky/runtime';
import type { FastifyReply } from 'fastify';
import { CONNECTION_HEADERS, isSendable } from '../headers.ts';
import type { Refusal } from './refusal.ts';
import type { RouteSettings } from './route-settings.ts';

type Success = NonNullable<RouteSettings['success']>;

/** The answer when the host has the message and wants nothing else. */
export function answerSuccess(reply: FastifyReply, { status, headers, body }: Success): void {
  void reply
    .code(status)
    .headers(headers)
    .send(body || undefined);
}

/** The answer as the host wants it. false = HTTP cannot carry that, and it was answered otherwise. */
export function answerWith(reply: FastifyReply, wanted: Reply, success: Success): boolean {
  const headers = Object.entries(wanted.headers).filter(
    ([name]) => !CONNECTION_HEADERS.has(name.toLowerCase()),
  );
  const status = wanted.status || success.status;
  const valid =
    status >= 200 &&
    status <= 599 &&
    Number.isInteger(status) &&
    headers.every(([name, value]) => isSendable(name, value));
  if (valid) void reply.code(status).headers(Object.fromEntries(headers)).send(wanted.payload);
  else answerSuccess(reply, success);
  return valid;
}

/** An error that the sender can read; ours never hold anything of the request. */
export function refuse(reply: FastifyReply, { status, message, headers }: Refusal): void {
  void reply.code(status).headers(headers).send({ error: message });
}

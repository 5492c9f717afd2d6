import type { Reply } from '@vrsky/runtime';
import type { FastifyReply } from 'fastify';
import { CONNECTION_HEADERS, isSendable } from '../headers.ts';

/**
 * Answers a request whose message is safe: 202, or as the host wants it. false = the host wants
 * what HTTP cannot carry, so 202 was answered.
 */
export function answerWith(reply: FastifyReply, wanted: Reply | undefined): boolean {
  const headers = Object.entries(wanted?.headers ?? {}).filter(
    ([name]) => !CONNECTION_HEADERS.has(name.toLowerCase()),
  );
  const status = wanted?.status || 202;
  const valid =
    status >= 200 &&
    status <= 599 &&
    Number.isInteger(status) &&
    headers.every(([name, value]) => isSendable(name, value));
  if (valid && wanted) {
    void reply.code(status).headers(Object.fromEntries(headers)).send(wanted.payload);
  } else {
    void reply.code(202).send();
  }
  return valid;
}

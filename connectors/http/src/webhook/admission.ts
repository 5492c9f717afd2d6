import type { FastifyRequest } from 'fastify';
import { senderOf } from './addresses.ts';
import type { Verifier } from './auth/verifier.ts';
import { type DecompressLimits, mostInflated } from './decompress.ts';
import { Refusal, tooLarge } from './refusal.ts';
import type { Route } from './routes.ts';

const LONGEST_KEY = 256;

/**
 * Everything about a request that can be told by its head and costs nothing. Gives the room in bytes
 * that its body may turn out to need.
 * @throws Refusal
 */
export function checkHead(
  request: FastifyRequest,
  route: Route,
  decompression: DecompressLimits,
  defaultContentType: string,
): number {
  if (!route.admits(request.ip)) throw new Refusal(403, 'not from this address');
  const waitMs = route.rateLimit?.counter.take(limitKey(request, route.rateLimit.key)) ?? 0;
  if (waitMs > 0) {
    const seconds = String(Math.ceil(waitMs / 1000));
    throw new Refusal(429, 'too many requests', { 'retry-after': seconds });
  }
  const { headers } = request;
  if (!route.takesType(headers['content-type'] || defaultContentType)) {
    throw new Refusal(415, 'this content type is not taken');
  }
  const length = claimedBytes(request, route.bodyLimitBytes);
  if (length > route.bodyLimitBytes) throw tooLarge(route.bodyLimitBytes);
  return length + mostInflated(headers['content-encoding'], length, decompression);
}

/** Says which ways there are, but not what was wrong. */
export function unauthorized(verifiers: readonly Verifier[]): Refusal {
  const challenge = verifiers.flatMap((one) => one.challenge ?? []).join(', ');
  return new Refusal(401, 'not authorized', challenge ? { 'www-authenticate': challenge } : {});
}

function limitKey(request: FastifyRequest, key: string): string {
  if (key === 'route') return '';
  if (key === 'ip') return senderOf(request.ip);
  // Cut, because it is kept.
  return String(request.headers[key] ?? '').slice(0, LONGEST_KEY);
}

/** What a request may turn out to have as its body; a chunked one does not tell before its end. */
function claimedBytes({ headers }: FastifyRequest, limit: number): number {
  if (headers['transfer-encoding'] !== undefined) return limit;
  return Number(headers['content-length'] ?? 0);
}

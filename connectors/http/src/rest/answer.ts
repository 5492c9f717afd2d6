import type { Secrets } from '@vrsky/runtime';
import { CONNECTION_HEADERS } from '../headers.ts';
import type { AnswerHeaders } from './exchange.ts';

const MAX_RETRY_AFTER_MS = 3_600_000;
const HTTP_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*, \d\d[- ]\w{3}[- ]\d{2,4} \d\d:\d\d:\d\d GMT$/;

/** The answer's headers for the host: not the connection's, no session, and no secret of ours. */
export function answerHeaders(headers: AnswerHeaders, secrets: Secrets): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name === 'set-cookie' || CONNECTION_HEADERS.has(name)) continue;
    kept[name] = secrets.redact(typeof value === 'string' ? value : value.join(', '));
  }
  return kept;
}

/** Milliseconds of a Retry-After in seconds or as a date, 0 to 1 h; undefined = none, or garbage. */
export function parseRetryAfter(
  value: string | string[] | undefined,
  now: number,
): number | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  const ms = /^\d+$/.test(text)
    ? Number(text) * 1000
    : HTTP_DATE.test(text)
      ? Date.parse(text) - now
      : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

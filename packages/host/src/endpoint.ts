import type { JsonObject } from '@vrsky/runtime';

/** The outside system that settings name, without what may be secret; undefined where they name none. */
export function endpointOf({ url, brokers, host, port }: JsonObject): string | undefined {
  if (typeof url === 'string') return originOf(url);
  if (Array.isArray(brokers)) return brokers.map((one) => originOf(String(one))).join(', ');
  if (typeof host === 'string' && typeof port === 'number') return `${host}:${port}`;
  if (typeof host === 'string') return host;
  return typeof port === 'number' ? `port ${port}` : undefined;
}

function originOf(text: string): string {
  const url = URL.parse(text);
  return url ? `${url.protocol}//${url.host}` : 'an address made for each message';
}

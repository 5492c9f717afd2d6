import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { PluginError } from '@vrsky/runtime';
import type { RestSettings } from '../config.ts';
import { checkLiteral, isPublic } from './address-guard.ts';

/**
 * Where `settings.url` points, allowed as far as it tells by itself.
 * @throws PluginError INVALID_CONFIG or BLOCKED_DESTINATION, without the URL: it may hold secrets
 */
export function parseTarget({ url, ssrf }: RestSettings): URL {
  const target = URL.parse(url);
  const faulty = !target || !['http:', 'https:'].includes(target.protocol);
  if (faulty || target.username || target.password) {
    const field = 'settings.url';
    const expected = faulty ? 'an http or https URL' : 'a URL without user name and password';
    throw new PluginError('INVALID_CONFIG', `${field}: expected ${expected}`, { field });
  }
  if (!ssrf.allowPrivate) checkLiteral(target);
  return target;
}

/** What is doubtful about the host's name now. A proxy may know better, so these are warnings. */
export async function targetWarnings(
  { hostname }: URL,
  { ssrf }: Pick<RestSettings, 'ssrf'>,
): Promise<string[]> {
  if (isIP(hostname.replace(/^\[(.*)\]$/, '$1'))) return [];
  try {
    const addresses = await lookup(hostname, { all: true });
    if (ssrf.allowPrivate || addresses.every(({ address }) => isPublic(address))) return [];
    return [
      `settings.url: ${hostname} is not a public address: sends are refused without settings.ssrf.allowPrivate`,
    ];
  } catch {
    return [`settings.url: the host name ${hostname} does not resolve now`];
  }
}

import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { PluginError } from '@vrsky/runtime';
import ipaddr from 'ipaddr.js';

type LookupCallback = (
  error: Error | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/**
 * Refuses a host written as an address that is not public. URL has already turned forms such as
 * `2130706433` and `0x7f.1` into the usual one. A name passes: `guardedLookup` checks it.
 * @throws PluginError BLOCKED_DESTINATION
 */
export function checkLiteral(url: URL): void {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) && !isPublic(host)) throw blocked(host);
}

/**
 * `dns.lookup` that gives an address only if all addresses of the name are public. As the lookup of
 * the connection itself it leaves no time in which the name could change.
 */
export function guardedLookup(
  hostname: string,
  options: LookupOptions,
  callback: LookupCallback,
): void {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    const [first] = addresses;
    if (!first || !addresses.every(({ address }) => isPublic(address))) {
      return callback(blocked(hostname), []);
    }
    if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
}

/** Whether the address is one of the public internet, also inside an IPv4-mapped IPv6 one. */
export function isPublic(address: string): boolean {
  return ipaddr.process(address).range() === 'unicast';
}

function blocked(host: string): PluginError {
  const text = `${host} is not a public address; set settings.ssrf.allowPrivate if it is meant`;
  return new PluginError('BLOCKED_DESTINATION', text);
}

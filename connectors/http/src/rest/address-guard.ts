import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { PluginError } from '@vrsky/runtime';
import ipaddr from 'ipaddr.js';
import type { RestSettings } from './settings.ts';

type Ssrf = RestSettings['ssrf'];
type Address = ipaddr.IPv4 | ipaddr.IPv6;
type LookupCallback = (
  error: Error | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** Decides which addresses may be reached. */
export interface AddressGuard {
  /**
   * Why a host that is written as an address may not be reached. URL has already turned forms such as
   * `2130706433` and `0x7f.1` into the usual one. A name passes: see `lookup`.
   * @param field the setting that it comes from
   */
  check(hostname: string, field?: string): PluginError | undefined;
  /**
   * `dns.lookup` that gives addresses only if all of the name's are allowed. As the lookup of the
   * connection itself it leaves no time in which the name could change.
   */
  lookup(hostname: string, options: LookupOptions, callback: LookupCallback): void;
}

/** NAT64 (RFC 6052): the way to an IPv4 address from a network that has IPv6 only. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
/** All that is public in IPv6. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** @throws PluginError INVALID_CONFIG for a network that cannot be read */
export function addressGuard({ allowPrivate, allowCidrs, denyCidrs }: Ssrf): AddressGuard {
  const allowed = parseNetworks(allowCidrs, 'allowCidrs');
  const denied = parseNetworks(denyCidrs, 'denyCidrs');
  const refusal = (text: string): Refusal | undefined => {
    const address = effective(text);
    if (isIn(address, denied)) return 'denied';
    return allowPrivate || isGlobal(address) || isIn(address, allowed) ? undefined : 'private';
  };
  return {
    check(hostname, field) {
      const host = hostname.replace(/^\[(.*)\]$/, '$1');
      const refused = isIP(host) ? refusal(host) : undefined;
      return refused && blocked(host, refused, field);
    },
    lookup(hostname, options, callback) {
      dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
        if (error) return callback(error, []);
        const [first] = addresses;
        const refused = addresses.map(({ address }) => refusal(address)).find((one) => one);
        if (refused) return callback(blocked(hostname, refused), []);
        if (options.all) callback(null, addresses);
        else callback(null, first?.address ?? '', first?.family);
      });
    },
  };
}

/** Whether the address is one of the public internet, also inside one that stands for it. */
export function isPublic(address: string): boolean {
  return isGlobal(effective(address));
}

/** The address that is reached in the end: an IPv4 one may be wrapped in an IPv6 one. */
function effective(text: string): Address {
  const address = ipaddr.process(text);
  if (address instanceof ipaddr.IPv6 && address.match(NAT64)) {
    return new ipaddr.IPv4(address.toByteArray().slice(12));
  }
  return address;
}

function isGlobal(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL_UNICAST);
}

function isIn(address: Address, networks: readonly [Address, number][]): boolean {
  return networks.some(
    ([network, bits]) => network.kind() === address.kind() && address.match([network, bits]),
  );
}

function parseNetworks(texts: readonly string[], name: string): [Address, number][] {
  return texts.map((text, i) => {
    if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
    const field = `settings.ssrf.${name}[${i}]`;
    const expected = 'a network such as 10.1.0.0/16 or fd00:1::/32';
    throw new PluginError('INVALID_CONFIG', `${field}: expected ${expected}`, { field });
  });
}

/** Why an address is not reached: `denyCidrs` has it, or it is not public. */
type Refusal = 'denied' | 'private';

function blocked(host: string, refusal: Refusal, field = ''): PluginError {
  const text =
    refusal === 'denied'
      ? `${host} may not be reached: settings.ssrf.denyCidrs has its network`
      : `${host} may not be reached: its address is not public; if it is meant, add ssrf: { allowPrivate: true } to the settings`;
  return new PluginError('BLOCKED_DESTINATION', text, { field });
}

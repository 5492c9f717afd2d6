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
   */
  check(hostname: string): PluginError | undefined;
  /**
   * `dns.lookup` that gives addresses only if all of the name's are allowed. As the lookup of the
   * connection itself it leaves no time in which the name could change.
   */
  lookup(hostname: string, options: LookupOptions, callback: LookupCallback): void;
  /** Whether an address may be reached. */
  allows(address: string): boolean;
}

/** NAT64 (RFC 6052): the way to an IPv4 address from a network that has IPv6 only. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
/** All that is public in IPv6. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** @throws PluginError INVALID_CONFIG for a network that cannot be read */
export function addressGuard({ allowPrivate, allowCidrs, denyCidrs }: Ssrf): AddressGuard {
  const allowed = parseNetworks(allowCidrs, 'allowCidrs');
  const denied = parseNetworks(denyCidrs, 'denyCidrs');
  const allows = (text: string): boolean => {
    const address = effective(text);
    if (isIn(address, denied)) return false;
    return allowPrivate || isGlobal(address) || isIn(address, allowed);
  };
  return {
    allows,
    check(hostname) {
      const host = hostname.replace(/^\[(.*)\]$/, '$1');
      return isIP(host) && !allows(host) ? blocked(host) : undefined;
    },
    lookup(hostname, options, callback) {
      dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
        if (error) return callback(error, []);
        const [first] = addresses;
        if (!first || !addresses.every(({ address }) => allows(address))) {
          return callback(blocked(hostname), []);
        }
        if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
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

function blocked(host: string): PluginError {
  const text = `${host} may not be reached; see settings.ssrf if it is meant`;
  return new PluginError('BLOCKED_DESTINATION', text);
}

import { isIP } from 'node:net';
import { PluginError } from '@vrsky/runtime';
import ipaddr from 'ipaddr.js';

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Whether an address is in one of the networks; an IPv4 address inside an IPv6 one counts as what it is.
 * @param field where the networks stand
 * @throws PluginError INVALID_CONFIG
 */
export function networkMatcher(
  networks: readonly string[],
  field: string,
): (address: string) => boolean {
  const known = networks.map((text, i) => parseNetwork(text, `${field}[${i}]`));
  return (text) => {
    const address = parseAddress(text);
    if (!address) return false;
    return known.some(
      ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
    );
  };
}

interface Networks {
  readonly networks: readonly string[];
  /** Where they stand. */
  readonly field: string;
}

/**
 * Whether an address is allowed and not denied. One that is none, as a proxy may tell, is neither.
 * @throws PluginError INVALID_CONFIG
 */
export function addressRule(allow: Networks, deny: Networks): (address: string) => boolean {
  const allowed = networkMatcher(allow.networks, allow.field);
  const denied = networkMatcher(deny.networks, deny.field);
  if (allow.networks.length > 0) return (address) => allowed(address) && !denied(address);
  if (deny.networks.length === 0) return () => true;
  return (address) => parseAddress(address) !== undefined && !denied(address);
}

/** The address as limits count it: that of an IPv6 network of the usual size, /64. */
export function senderOf(text: string): string {
  const address = parseAddress(text);
  if (!(address instanceof ipaddr.IPv6)) return text;
  return address.parts.slice(0, 4).join(':');
}

/** What a proxy says may be anything; undefined = no address. */
export function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // ipaddr.js takes old forms such as 0x7f.1 as well; they are no addresses of a connection.
  return isIP(text) ? ipaddr.process(text) : undefined;
}

function parseNetwork(text: string, field: string): Network {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  const length = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? length : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity;
  if (version === 0 || prefix > length || more.length > 0) {
    const expected = 'an address, or a network such as 10.0.0.0/8';
    throw new PluginError('INVALID_CONFIG', `${field}: expected ${expected}`, { field });
  }
  const network = ipaddr.parse(address);
  return network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && prefix >= 96
    ? [network.toIPv4Address(), prefix - 96]
    : [network, prefix];
}

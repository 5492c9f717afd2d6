import { GoPluginError } from '../errors.ts';

/** What host and plugin agree on beforehand. A guard against running a plugin by hand, not a secret. */
export interface Handshake {
  /** For sides that know one version of the application protocol only, as in Go's HandshakeConfig. Here `versions` decide. */
  readonly protocolVersion: number;
  /** Name of the environment variable that marks a start by a host. */
  readonly magicCookieKey: string;
  readonly magicCookieValue: string;
}

/** Where a side listens: a unix socket's path, or `host:port`. */
export interface Address {
  readonly network: 'unix' | 'tcp';
  readonly address: string;
}

/** The version of go-plugin's own protocol. */
export const coreVersion = 1;

const hostAndPort = /^.+:\d{1,5}$/;

/** @throws GoPluginError ADDRESS_UNKNOWN, in go-plugin's words, for anything but `unix` and `tcp`. */
export function toAddress(network: string, address: string): Address {
  const known =
    (network === 'unix' && address !== '') || (network === 'tcp' && hostAndPort.test(address));
  if (!known) {
    throw new GoPluginError(
      'ADDRESS_UNKNOWN',
      `unknown address type: ${address}\nExpected "unix" with a socket path or "tcp" with host:port, got ${JSON.stringify(network)}.`,
    );
  }
  return { network, address };
}

/**
 * What a VRSky host and a connector must agree on before they talk. The cookie tells a person who
 * runs a connector by hand that it is a plugin; it is not a secret.
 */
export const HANDSHAKE = {
  protocolVersion: 1,
  magicCookieKey: 'VRSKY_CONNECTOR_PLUGIN',
  magicCookieValue: 'connection-node-4b0e6f0c9a1d4f7e',
} as const;

/** Version of the VRSky connector protocol: a plugin with a newer one is refused by the host. */
export const PROTOCOL_VERSION = 1;

/** Limit of one encoded message either way, in bytes: the default, and the highest to configure. */
export const DEFAULT_MAX_MESSAGE_BYTES: number = 16 * 1024 * 1024;
export const HIGHEST_MAX_MESSAGE_BYTES: number = 64 * 1024 * 1024;

/**
 * What a VRSky host and a connector must agree on before they talk. The cookie tells a person who
 * runs a connector by hand that it is a plugin; it is not a secret.
 */
export const HANDSHAKE = {
  protocolVersion: 1,
  magicCookieKey: 'VRSKY_CONNECTOR_PLUGIN',
  magicCookieValue: 'connection-node-4b0e6f0c9a1d4f7e',
} as const;

/**
 * Variable of a connector's environment. With the value `true` the host says that it takes messages by ReceiveStream only:
 * then no connection has to be observed for the fate of a Receive's answer, which costs every call.
 */
export const STREAMS_ONLY = 'VRSKY_STREAMS_ONLY';

/** Version of the VRSky connector protocol: a plugin with a newer one is refused by the host. */
export const PROTOCOL_VERSION = 1;

/** The environment variables that go-plugin hosts set for their plugins, besides the magic cookie. */
export const environment = {
  /** Comma separated application protocol versions that the host speaks, in random order. */
  protocolVersions: 'PLUGIN_PROTOCOL_VERSIONS',
  /** The host's certificate as PEM. Its presence asks for mutual TLS. */
  clientCert: 'PLUGIN_CLIENT_CERT',
  /** Port range for plugins that listen on TCP. */
  minPort: 'PLUGIN_MIN_PORT',
  maxPort: 'PLUGIN_MAX_PORT',
  /** Asks for all connections over one socket. */
  multiplex: 'PLUGIN_MULTIPLEX_GRPC',
  /** Where sockets are created, instead of the system's temporary directory. */
  socketDir: 'PLUGIN_UNIX_SOCKET_DIR',
  /** Group name or number that may use the sockets. */
  socketGroup: 'PLUGIN_UNIX_SOCKET_GROUP',
} as const;

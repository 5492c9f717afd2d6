/** Every way in which starting, reaching or serving a plugin can fail. A closed list: callers may switch on it. */
export const errorCodes = [
  'MISCONFIGURED',
  'EXECUTABLE_NOT_FOUND',
  'EXECUTABLE_NOT_ALLOWED',
  'CHECKSUM_MISMATCH',
  'START_FAILED',
  'START_CANCELLED',
  'START_TIMEOUT',
  'PLUGIN_EXITED',
  'HANDSHAKE_UNRECOGNIZED',
  'CORE_VERSION_INCOMPATIBLE',
  'APP_VERSION_INCOMPATIBLE',
  'ADDRESS_UNKNOWN',
  'PROTOCOL_UNSUPPORTED',
  'CERTIFICATE_INVALID',
  'LISTEN_FAILED',
  'CONNECT_FAILED',
  'REATTACH_FAILED',
  'BROKER_TIMEOUT',
  'BROKER_CLOSED',
] as const;

export type GoPluginErrorCode = (typeof errorCodes)[number];

/** The one error of this package. `message` says what failed and what to do next; `cause` is what was underneath. */
export class GoPluginError extends Error {
  override readonly name = 'GoPluginError';
  readonly code: GoPluginErrorCode;

  constructor(code: GoPluginErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The text of anything that was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The system's code of an error, such as ENOENT. */
export function codeOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

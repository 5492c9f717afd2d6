import { ProbeSetting } from '@vrsky/runtime/plugin';
import { type Static, type TProperties, Type } from 'typebox';

const closed = { additionalProperties: false };

/** How to reach the server: part of the settings of both directions. */
const properties = {
  host: Type.String({
    minLength: 1,
    pattern: '^[^/@\\s]+$',
    description: 'Name or address of the server, without scheme, user and password.',
  }),
  port: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 65_535,
      description: 'Port of the server. Default: 21, 990 for `ftps-implicit`, 22 for `sftp`.',
    }),
  ),
  probe: ProbeSetting,
  hostKeySha256: Type.Array(
    Type.String({ pattern: '^(SHA256:)?[A-Za-z0-9+/]{43}=?$', description: 'One fingerprint.' }),
    {
      default: [],
      description:
        '`sftp`: fingerprints of the server’s host key, as `ssh-keygen -l` prints them; one must match. Required, unless `allowAnyHostKey`.',
    },
  ),
  allowAnyHostKey: Type.Boolean({
    default: false,
    description: '`sftp`: do not check who the server is. Anybody on the way can then read all.',
  }),
  tls: Type.Object(
    {
      serverName: Type.Optional(
        Type.String({ minLength: 1, description: 'Name in the certificate. Default: `host`.' }),
      ),
      minVersion: Type.Enum(['TLSv1.2', 'TLSv1.3'], {
        default: 'TLSv1.2',
        description: 'Oldest version of TLS to speak.',
      }),
      rejectUnauthorized: Type.Boolean({
        default: true,
        description: 'Check the certificate; `false` also needs `allowInsecureTls`.',
      }),
      requireDataProtection: Type.Boolean({
        default: true,
        description: 'Refuse a server that would transfer files unencrypted (PROT P refused).',
      }),
    },
    { ...closed, default: {}, description: '`ftps` and `ftps-implicit`.' },
  ),
  allowInsecureTls: Type.Boolean({
    default: false,
    description: 'Permits `tls.rejectUnauthorized: false`.',
  }),
  passive: Type.Enum(['auto', 'epsv', 'pasv'], {
    default: 'auto',
    description:
      'How data connections are opened; `auto` tries EPSV, then PASV. Active mode does not exist.',
  }),
  allowSeparateTransferHost: Type.Boolean({
    default: false,
    description: 'Follow a PASV answer that names another host than the control connection’s.',
  }),
  encoding: Type.Enum(['utf8', 'latin1'], {
    default: 'utf8',
    description: 'Encoding of file names on the wire of FTP.',
  }),
  listCommand: Type.Enum(['auto', 'mlsd', 'list', 'list-a'], {
    default: 'auto',
    description: 'How FTP directories are listed; `auto` takes MLSD where the server has it.',
  }),
  connectTimeoutMs: Type.Integer({
    default: 10_000,
    minimum: 1,
    maximum: 600_000,
    description: 'Longest time to connect and log in.',
  }),
  transferStallTimeoutMs: Type.Integer({
    default: 30_000,
    minimum: 1,
    maximum: 3_600_000,
    description: 'Longest silence of the server, also within a transfer.',
  }),
  maxConnections: Type.Integer({
    default: 2,
    minimum: 1,
    maximum: 8,
    description:
      'Connections for transfers, each with one at a time. Health has one of its own besides.',
  }),
  keepAliveSeconds: Type.Integer({
    default: 60,
    minimum: 0,
    maximum: 3600,
    description: 'Pause between signs of life on an idle connection; 0 = none.',
  }),
} satisfies TProperties;

const Connection = Type.Object(properties);
export type ConnectionSettings = Static<typeof Connection>;

export const connectionProperties: typeof properties = properties;

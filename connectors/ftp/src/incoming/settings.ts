import { type Static, Type } from 'typebox';
import { connectionProperties } from '../remote/settings.ts';

const MIB = 1024 * 1024;
const closed = { additionalProperties: false };

/** Settings of the incoming direction. */
export const IncomingSettings = Type.Object(
  {
    direction: Type.Literal('incoming', { description: '`incoming`: files become messages.' }),
    ...connectionProperties,
    directory: Type.String({
      minLength: 1,
      description: 'Where the files are; absolute, or relative to where the login leads.',
    }),
    missingDirectory: Type.Enum(['error', 'wait', 'create'], {
      default: 'error',
      description: 'What to do when `directory` does not exist.',
    }),
    recursive: Type.Boolean({ default: false, description: 'Also take files of subdirectories.' }),
    maxDepth: Type.Integer({
      default: 8,
      minimum: 1,
      maximum: 16,
      description: 'Levels of subdirectories that `recursive` goes down. Links are not followed.',
    }),
    include: Type.Array(Type.String({ minLength: 1, description: 'One pattern.' }), {
      default: ['*'],
      minItems: 1,
      description:
        'Glob patterns of files to take. One with a slash is of the path below `directory`, one without is of the name.',
    }),
    exclude: Type.Array(Type.String({ minLength: 1, description: 'One pattern.' }), {
      default: ['*.part', '*.tmp', '*.filepart', '*.writing', '.*'],
      description:
        'Glob patterns of files and directories to leave alone; they win over `include`.',
    }),
    pollIntervalMs: Type.Integer({
      default: 10_000,
      minimum: 10,
      maximum: 86_400_000,
      description: 'Pause between two looks at the directory.',
    }),
    maxFilesPerPoll: Type.Integer({
      default: 100,
      minimum: 1,
      maximum: 10_000,
      description: 'Files taken from one look; the next one follows at once.',
    }),
    sort: Type.Enum(['mtime', 'name', 'size', 'none'], {
      default: 'mtime',
      description: 'Order of the files of one look; equal ones by path.',
    }),
    descending: Type.Boolean({ default: false, description: 'Reverses `sort`.' }),
    minAgeMs: Type.Integer({
      default: 0,
      minimum: 0,
      description: 'Youngest file to take, by its modification time, or else since first seen.',
    }),
    minSize: Type.Integer({
      default: 0,
      minimum: 0,
      description: 'Smallest file to take, in bytes.',
    }),
    stability: Type.Object(
      {
        checks: Type.Integer({
          default: 2,
          minimum: 0,
          maximum: 100,
          description: 'Equal looks in a row after which a file counts as complete; 0 = at once.',
        }),
        intervalMs: Type.Integer({
          default: 1000,
          minimum: 10,
          maximum: 3_600_000,
          description: 'Pause between these looks.',
        }),
        attributes: Type.Enum(['size+mtime', 'size', 'mtime'], {
          default: 'size+mtime',
          description: 'What must be equal.',
        }),
      },
      { ...closed, default: {}, description: 'How to tell that nobody writes the file any more.' },
    ),
    doneFile: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Name of a marker beside the file, such as `${name}.done`: a file is taken only when its marker is there, and both go together.',
      }),
    ),
    claim: Type.Enum(['none', 'rename'], {
      default: 'none',
      description:
        '`rename` takes a file by renaming it: needed when several connectors share a directory.',
    }),
    claimDirectory: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Where claimed files go, below `directory`. Default: they stay in place.',
      }),
    ),
    instanceId: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_-]{1,64}$',
        description:
          'Marks the claims of this connector; the same after a restart, another one in each instance. Default: made of the connection’s id.',
      }),
    ),
    claimTimeoutMs: Type.Integer({
      default: 3_600_000,
      minimum: 0,
      description: 'Time after which the claim of another instance is undone; 0 = never.',
    }),
    afterProcess: Type.Enum(['move', 'delete', 'renameSuffix', 'none'], {
      default: 'move',
      description: 'What becomes of a file when the host has its message safe.',
    }),
    moveDirectory: Type.String({
      default: '.done',
      minLength: 1,
      description: 'Template of the directory for `move`, below `directory` unless absolute.',
    }),
    moveFailedDirectory: Type.String({
      default: '.failed',
      minLength: 1,
      description: 'Likewise for files that the host rejected, and for those in quarantine.',
    }),
    renameSuffix: Type.String({
      default: '.done',
      pattern: '^[^/\\u0000-\\u001f]+$',
      description: 'What `renameSuffix` appends to the name; such files are not taken again.',
    }),
    maxFileSizeBytes: Type.Integer({
      default: 15 * MIB,
      minimum: 1,
      maximum: 63 * MIB,
      description:
        'Largest file that becomes one message. Above 15 MiB the host needs a higher `maxMessageBytes`, too.',
    }),
    largeFile: Type.Enum(['quarantine', 'chunk', 'reject'], {
      default: 'quarantine',
      description:
        'What becomes of larger files: moved to `moveFailedDirectory` unread, sent as several messages, or left in place with a warning.',
    }),
    chunkSizeBytes: Type.Integer({
      default: MIB,
      minimum: 1024,
      maximum: 15 * MIB,
      description: 'Bytes of each message of `largeFile: chunk`.',
    }),
    ackTimeoutMs: Type.Integer({
      default: 300_000,
      minimum: 1,
      maximum: 86_400_000,
      description: 'Time that the host has for one message; after that it is delivered again.',
    }),
    drainTimeoutMs: Type.Integer({
      default: 10_000,
      minimum: 0,
      maximum: 600_000,
      description: 'Longest wait at Disconnect for messages that the host has in hand.',
    }),
    maxUnacked: Type.Integer({
      default: 1,
      minimum: 1,
      maximum: 1000,
      description: 'Messages with the host at once; 1 keeps their order.',
    }),
    checksum: Type.Enum(['none', 'auto'], {
      default: 'none',
      description:
        '`auto`: compare with HASH, XSHA256 or XMD5 of the FTP server, if it has one of them.',
    }),
  },
  closed,
);
export type IncomingSettings = Static<typeof IncomingSettings>;

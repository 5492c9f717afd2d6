import { type Static, Type } from 'typebox';
import { connectionProperties } from '../remote/settings.ts';

/** Settings of the outgoing direction. */
export const OutgoingSettings = Type.Object(
  {
    direction: Type.Literal('outgoing', { description: '`outgoing`: messages become files.' }),
    ...connectionProperties,
    directory: Type.String({
      minLength: 1,
      description: 'Where the files go; absolute, or relative to where the login leads.',
    }),
    fileNameTemplate: Type.String({
      default: '${headers.ftp.fileName ?? id}',
      minLength: 1,
      description: 'Path of the file below `directory`; see Templates.',
    }),
    createDirectories: Type.Boolean({
      default: true,
      description: 'Create the directories on the way that do not exist.',
    }),
    tempName: Type.String({
      default: '.${name}.${id}.part',
      description:
        'Name during the upload, in the directory of the file; an empty one writes in place. `ifExists: append` does so always.',
    }),
    ifExists: Type.Enum(['fail', 'overwrite', 'rename', 'ignore', 'append'], {
      default: 'fail',
      description:
        'What to do when there is a file of the name already. One with the same content is this message, sent before, except for `append`.',
    }),
    verify: Type.Enum(['size', 'hash', 'none'], {
      default: 'size',
      description:
        'What is compared before the file gets its name; `hash` needs HASH, XSHA256 or XMD5 of the FTP server.',
    }),
    doneFile: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Name of an empty marker written last, beside the file: `${name}.done`.',
      }),
    ),
    chmod: Type.Optional(
      Type.String({
        pattern: '^[0-7]{3,4}$',
        description: 'Permissions of the file, such as `640`; if the server refuses: a warning.',
      }),
    ),
    preserveTimestamp: Type.Boolean({
      default: false,
      description:
        'Give the file the time of the message; if the server refuses (MFMT): a warning.',
    }),
  },
  { additionalProperties: false },
);
export type OutgoingSettings = Static<typeof OutgoingSettings>;

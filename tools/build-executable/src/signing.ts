import { basename } from 'node:path';

/** What gives an executable the signature without which macOS on ARM does not run it. */
export function signingCommand(file: string): string {
  return `codesign --sign - ${basename(file)}`;
}

export function signingNote(file: string): string {
  return `${basename(file)} is not signed, and macOS on ARM refuses to run it like that.
On a Mac, in this folder, sign it with:

    ${signingCommand(file)}

That changes the file: check SHA256SUMS before.
`;
}

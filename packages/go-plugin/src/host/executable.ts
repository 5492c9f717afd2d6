import { createHash, timingSafeEqual } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { codeOf, GoPluginError, reasonOf } from '../errors.ts';

/**
 * The absolute path of the executable: a name without a slash is looked up in PATH, as a shell does.
 * @throws GoPluginError EXECUTABLE_NOT_FOUND, EXECUTABLE_NOT_ALLOWED
 */
export async function findExecutable(command: string): Promise<string> {
  const candidates =
    isAbsolute(command) || command.includes(sep)
      ? [resolve(command)]
      : (process.env['PATH'] ?? '').split(delimiter).map((dir) => resolve(join(dir, command)));
  let refused: GoPluginError | undefined;
  for (const path of candidates) {
    try {
      if (!(await stat(path)).isFile()) throw new Error('it is not a file');
      await access(path, constants.X_OK);
      return path;
    } catch (error) {
      if (!isMissing(error)) refused ??= notAllowed(path, error);
    }
  }
  throw (
    refused ??
    new GoPluginError(
      'EXECUTABLE_NOT_FOUND',
      `plugin executable not found: ${command}\nCheck the path, or install the plugin. A bare name is looked up in PATH: write ./${command} for a file here.`,
    )
  );
}

/**
 * Compares the file with what the caller trusts, before it runs. For a script this covers only the interpreter.
 * @param sha256 64 hexadecimal digits
 * @throws GoPluginError CHECKSUM_MISMATCH, in go-plugin's words
 */
export async function verifyChecksum(path: string, sha256: string): Promise<void> {
  if (sha256 === '') {
    throw new GoPluginError(
      'CHECKSUM_MISMATCH',
      'error verifying checksum: no checksum provided\nExpected a SHA-256 of 64 hexadecimal digits.',
    );
  }
  const actual = createHash('sha256');
  try {
    await pipeline(createReadStream(path), actual);
  } catch (error) {
    throw new GoPluginError(
      'CHECKSUM_MISMATCH',
      `error verifying checksum: ${reasonOf(error)}\nThe file must be readable by this process.`,
      { cause: error },
    );
  }
  const expected = Buffer.from(/^[0-9a-f]{64}$/i.test(sha256) ? sha256 : '', 'hex');
  const digest = actual.digest();
  if (expected.length !== digest.length || !timingSafeEqual(digest, expected)) {
    throw new GoPluginError(
      'CHECKSUM_MISMATCH',
      `checksums did not match\n${path} is not the file that the checksum was made from: install it again, or pin the new checksum.`,
    );
  }
}

function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function notAllowed(path: string, cause: unknown): GoPluginError {
  return new GoPluginError(
    'EXECUTABLE_NOT_ALLOWED',
    `plugin is not executable by this process: ${path}: ${reasonOf(cause)}\nAllow it with chmod +x, and check the owner.`,
    { cause },
  );
}

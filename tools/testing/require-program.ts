import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';
import { record } from './records.ts';

/**
 * Tells whether a program is on the PATH, for `describe.runIf(needs('go'))`. Where it is missing the
 * tests are skipped on a developer's machine, and fail in CI: there nothing may go untested unseen.
 */
export function needs(program: string): boolean {
  const found = (env['PATH'] ?? '').split(delimiter).some((folder) => runs(join(folder, program)));
  if (!found && env['CI']) throw new Error(`This needs '${program}': install it (.ci/run).`);
  if (!found) record({ missing: program });
  return found;
}

function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PluginError } from '@vrsky/runtime';
import type { Integration } from '../config/integration.ts';

/**
 * Checks that the store can be where the file says; creates nothing.
 * @throws PluginError INVALID_CONFIG with the place in the file
 */
export function checkFolder({ store, locate }: Integration): void {
  const fault = faultOf(dirname(store.path));
  if (!fault) return;
  throw new PluginError('INVALID_CONFIG', `${locate('store')}: store: ${fault}`, {
    field: 'store',
  });
}

function faultOf(folder: string): string | undefined {
  try {
    if (!statSync(folder).isDirectory()) return `${folder} is no folder`;
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') return `there is no folder ${folder}: create it`;
    return `the folder ${folder} cannot be written (${code}): check its owner and mode`;
  }
}

import { PluginError } from '@vrsky/runtime';
import type { Probe } from '@vrsky/runtime/plugin';
import { createOpener } from './open.ts';
import type { Server } from './server.ts';
import type { ConnectionSettings } from './settings.ts';

/** What decides whether a login succeeds and the directory is found; the rest concerns transfers. */
const DECISIVE = [
  'hostKeySha256',
  'allowAnyHostKey',
  'tls',
  'connectTimeoutMs',
] as const satisfies readonly (keyof ConnectionSettings)[];

/**
 * Logs in and enters the directory, as Connect does, but creates nothing.
 * @param mayBeMissing whether Connect would create the directory, or wait for it
 */
export function createProbe(server: Server, mayBeMissing: boolean): Probe {
  const { type, address, credentials, directory, settings } = server;
  const account = { username: credentials['username'], directory, mayBeMissing };
  const decisive = Object.fromEntries(DECISIVE.map((name) => [name, settings[name]]));
  return {
    endpoint: JSON.stringify({ type, address, ...account, ...decisive }),
    async run(signal) {
      const remote = await createOpener(server)(signal);
      try {
        await remote.check(remote.root, signal);
      } catch (error) {
        const isMissing = PluginError.from(error).reason === 'DIRECTORY_NOT_FOUND';
        if (!isMissing || !mayBeMissing) throw error;
      } finally {
        await remote.close();
      }
      return [];
    },
  };
}

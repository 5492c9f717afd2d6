import type { ConnectorHost } from '@vrsky/runtime/plugin';
import { type Server, serverWarnings } from '../remote/server.ts';
import { Delivered } from './delivered.ts';
import type { IncomingSettings } from './settings.ts';

const FORGETFUL =
  'settings.afterProcess: the host keeps no state, so after a restart files that stay are delivered again';

/** What is doubtful about a configuration that is right by itself. */
export async function incomingWarnings(
  { afterProcess }: Pick<IncomingSettings, 'afterProcess'>,
  server: Server,
  host: Pick<ConnectorHost, 'getState'>,
  signal: AbortSignal,
): Promise<string[]> {
  const forgetful = afterProcess === 'none' && !(await Delivered.isDurable(host, signal));
  return [...serverWarnings(server), ...(forgetful ? [FORGETFUL] : [])];
}

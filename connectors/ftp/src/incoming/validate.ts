import type { ConnectionConfig } from '@vrsky/runtime';
import type { ConnectorHost } from '@vrsky/runtime/plugin';
import { type Server, serverWarnings } from '../remote/server.ts';
import { probeServer } from '../remote/validate.ts';
import { Delivered } from './delivered.ts';
import type { IncomingSettings } from './settings.ts';

const FORGETFUL =
  'settings.afterProcess: the host keeps no state, so after a restart files that stay are delivered again';

/** What a configuration that is right by itself may still get wrong; leaves nothing behind. */
export async function validateIncoming(
  { settings }: ConnectionConfig<IncomingSettings>,
  server: Server,
  host: Pick<ConnectorHost, 'getState'>,
  signal: AbortSignal,
  connected: ConnectionConfig | undefined,
): Promise<string[]> {
  const warnings = serverWarnings(server);
  const { afterProcess, missingDirectory } = settings;
  if (afterProcess === 'none' && !(await Delivered.isDurable(host, signal)))
    warnings.push(FORGETFUL);
  const mayBeMissing = missingDirectory !== 'error';
  return [...warnings, ...(await probeServer(server, mayBeMissing, signal, connected))];
}

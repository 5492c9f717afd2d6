import { GoPluginError } from '../errors.ts';
import type { Place } from '../grpc/place.ts';
import { environment } from '../handshake/environment.ts';

const highestPort = 65_535;

/** Where the host wants this plugin to listen. The plugin chooses the network, the host what is within it. */
export function placeFor(network: Place['network'], env: NodeJS.ProcessEnv): Place {
  if (network === 'tcp') {
    return {
      network,
      minPort: port(environment.minPort, env),
      maxPort: port(environment.maxPort, env),
    };
  }
  return { network, dir: env[environment.socketDir], group: env[environment.socketGroup] };
}

function port(name: string, env: NodeJS.ProcessEnv): number {
  const text = env[name] || '0';
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= highestPort) return value;
  throw new GoPluginError(
    'LISTEN_FAILED',
    `couldn't get value from ${name}: ${JSON.stringify(text)}\nThe host must set a port number from 0 to ${highestPort}.`,
  );
}

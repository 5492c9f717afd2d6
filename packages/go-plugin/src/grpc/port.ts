import type { Server } from 'node:net';
import { GoPluginError } from '../errors.ts';
import type { Address } from '../handshake/handshake.ts';

export interface PortRange {
  /** 0 for both: any free port. */
  readonly minPort: number;
  readonly maxPort: number;
}

/** Nobody outside of this machine has business with a plugin. */
const host = '127.0.0.1';

/**
 * Binds `server` to the first free port of the range, on the loopback address.
 * @throws GoPluginError LISTEN_FAILED, in go-plugin's words
 */
export async function listenOnPort(server: Server, range: PortRange): Promise<Address> {
  const { minPort, maxPort } = range;
  if (minPort > maxPort) {
    throw new GoPluginError(
      'LISTEN_FAILED',
      `PLUGIN_MIN_PORT value of ${minPort} is greater than PLUGIN_MAX_PORT value of ${maxPort}\nThe host sets both: correct its port range.`,
    );
  }
  let cause: unknown;
  for (let port = minPort; port <= maxPort; port++) {
    try {
      return { network: 'tcp', address: `${host}:${await bind(server, port)}` };
    } catch (error) {
      cause = error;
    }
  }
  server.close();
  throw new GoPluginError(
    'LISTEN_FAILED',
    `couldn't bind plugin TCP listener\nNo port from ${minPort} to ${maxPort} is free on ${host}: let the host offer a wider range.`,
    { cause },
  );
}

function bind(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

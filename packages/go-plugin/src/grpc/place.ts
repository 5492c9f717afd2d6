import type { Server } from 'node:net';
import type { Address } from '../handshake/handshake.ts';
import { listenOnPort, type PortRange } from './port.ts';
import { listenOnSocket, type SocketPlace } from './socket.ts';

/** Where the listeners of one side are. */
export type Place =
  | ({ readonly network: 'unix' } & SocketPlace)
  | ({ readonly network: 'tcp' } & PortRange);

/** @throws GoPluginError LISTEN_FAILED */
export function listenAt(server: Server, place: Place): Promise<Address> {
  return place.network === 'tcp' ? listenOnPort(server, place) : listenOnSocket(server, place);
}

import { type CallOptions, connect } from '../grpc/connection.ts';
import { grpcHandler } from '../grpc/handler.ts';
import { listen } from '../grpc/listener.ts';
import type { Place } from '../grpc/place.ts';
import type { MutualTls } from '../tls/options.ts';
import type { BrokerNetwork } from './broker.ts';

/** How long running calls may go on when a brokered server is closed. */
const closeGraceMs = 100;

export interface SocketNetworkOptions extends CallOptions {
  readonly place: Place;
  /** The configuration of the main connection: the acceptor is the TLS server, whichever side it is. */
  readonly tls: MutualTls | undefined;
  /** For the first answer of the other side. */
  readonly timeoutMs: number;
  readonly onRefused: (error: Error) => void;
}

/** go-plugin's classic mode: a new socket for each brokered connection. */
export function socketNetwork(options: SocketNetworkOptions): BrokerNetwork {
  return {
    listen: async (routes) => {
      const handler = Promise.resolve(grpcHandler(routes, options.maxMessageBytes));
      const listener = await listen({ ...options, handler });
      return { address: listener.address, close: () => listener.close(closeGraceMs) };
    },
    connect: (address, signal) => connect(address, { ...options, signal }),
  };
}

import { inspect } from 'node:util';
import type { ConnectRouter } from '@connectrpc/connect';
import { createBroker } from '../broker/broker.ts';
import { type SocketNetworkOptions, socketNetwork } from '../broker/network.ts';
import { grpcHandler, guarded, type OnHandlerError } from '../grpc/handler.ts';
import type { StreamHandler } from '../grpc/listener.ts';
import type { ServeOptions } from './options.ts';
import type { Prints } from './prints.ts';
import { registerReflection } from './reflection/service.ts';
import { coreRoutes } from './services.ts';
import type { Shutdown } from './shutdown.ts';
import { logToStderr } from './stderr.ts';

/** The part of serving that needs Connect and Protobuf, and is loaded only when the host has its handshake line. */
export async function loadServices(options: {
  network: SocketNetworkOptions;
  application: ServeOptions['versions'][number] | undefined;
  prints: Prints;
  shutdown: Shutdown;
}): Promise<StreamHandler> {
  const { network, prints, shutdown } = options;
  const brokerEnd = createBroker(socketNetwork(network));
  shutdown.stopping.addEventListener('abort', () => {
    prints.end();
    void brokerEnd.close();
  });
  const core = coreRoutes({
    brokerEnd,
    prints,
    shutdown: shutdown.begin,
    stopping: shutdown.stopping,
  });
  const application = await options.application?.({ broker: brokerEnd.broker });
  const { routes, inFront } =
    typeof application === 'object' ? application : { routes: application, inFront: undefined };
  const all = (router: ConnectRouter): void => {
    core(router);
    routes?.(router);
    registerReflection(router);
  };
  const onError: OnHandlerError = (method, error) =>
    logToStderr('error', `${method} failed`, {
      error: inspect(error, { maxStringLength: Infinity }),
    });
  const handler = grpcHandler(all, network.maxMessageBytes, onError);
  return inFront ? guarded(inFront(handler), onError) : handler;
}

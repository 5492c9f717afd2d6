import type { ConnectRouter, Interceptor } from '@connectrpc/connect';
import { ConnectError } from '@connectrpc/connect';
import type { Broker, Routes } from '@vrsky/go-plugin';
import type { Logger } from 'pino';
import { PluginError } from '../contract/plugin-error.ts';
import type { Secrets } from '../contract/secrets.ts';
import { ConnectionNode } from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import { statusFromError } from '../wire/error.ts';
import type { Connector } from './connector.ts';
import { createConnectorHost } from './connector-host.ts';
import { HostLink } from './host-link.ts';
import { Lifecycle } from './lifecycle.ts';
import { createNodeService } from './node-service.ts';

export interface Plugin {
  readonly routes: Routes;
  /** Disconnects; resolves when drained or when the signal aborts. */
  shutdown(signal: AbortSignal): Promise<void>;
}

/** A connector and everything the runtime does for it, ready to be served. */
export function createPlugin(
  connector: Connector,
  broker: Broker,
  log: Logger,
  secrets: Secrets,
): Plugin {
  const link = new HostLink(broker);
  const lifecycle = new Lifecycle(connector, createConnectorHost(link, log, secrets), link);
  const service = createNodeService({ connector, lifecycle, link, secrets });
  return {
    routes: (router: ConnectRouter) => {
      router.service(ConnectionNode, service, { interceptors: [statusOnError(log, secrets)] });
    },
    shutdown: (signal) => lifecycle.disconnect(signal),
  };
}

/** Every failure leaves as a status with our detail; cancellations and deadlines stay what they are. */
function statusOnError(log: Logger, secrets: Secrets): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (thrown) {
      if (thrown instanceof ConnectError) throw thrown;
      const error = PluginError.from(thrown);
      if (error.code === 'INTERNAL') log.error({ err: thrown }, `${request.method.name} failed`);
      throw statusFromError(error.withText(secrets.redact(error.rawMessage)));
    }
  };
}

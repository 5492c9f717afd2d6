import type { ConnectRouter, Interceptor } from '@connectrpc/connect';
import { ConnectError } from '@connectrpc/connect';
import type { Broker, Routes } from '@vrsky/go-plugin';
import type { Logger } from 'pino';
import { PluginError } from '../contract/plugin-error.ts';
import type { Secrets } from '../contract/secrets.ts';
import { ConnectionNode } from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import { statusFromError } from '../wire/error.ts';
import type { Connector, ConnectorHost } from './connector.ts';
import { createConnectorHost } from './connector-host.ts';
import { HostLink } from './host-link.ts';
import { Lifecycle } from './lifecycle.ts';
import { createMessageCalls } from './message-calls.ts';
import { createNodeService } from './node-service.ts';

export interface Plugin {
  /** The host's functions, as the connector has them. */
  readonly host: ConnectorHost;
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
  const host = createConnectorHost(link, log, secrets);
  const lifecycle = new Lifecycle(connector, host, link);
  const toPluginError = (thrown: unknown): PluginError => {
    const error = PluginError.from(thrown);
    return error.withText(secrets.redact(error.rawMessage));
  };
  const calls = createMessageCalls(lifecycle, link, toPluginError);
  const service = createNodeService({ connector, lifecycle, link, secrets, calls });
  return {
    host,
    routes: (router: ConnectRouter) => {
      router.service(ConnectionNode, service, {
        interceptors: [statusOnError(log, toPluginError)],
      });
    },
    shutdown: (signal) => lifecycle.disconnect(signal),
  };
}

/** Every failure leaves as a status with our detail; cancellations and deadlines stay what they are. */
function statusOnError(log: Logger, toPluginError: (thrown: unknown) => PluginError): Interceptor {
  const toStatus = (thrown: unknown, method: string): ConnectError => {
    if (thrown instanceof ConnectError) return thrown;
    const error = toPluginError(thrown);
    if (error.code === 'INTERNAL') log.error({ err: thrown }, `${method} failed`);
    return statusFromError(error);
  };
  return (next) => async (request) => {
    const { name } = request.method;
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: withStatus(response.message, name) };
    } catch (thrown) {
      throw toStatus(thrown, name);
    }
  };
  async function* withStatus<T>(messages: AsyncIterable<T>, method: string): AsyncGenerator<T> {
    try {
      yield* messages;
    } catch (thrown) {
      throw toStatus(thrown, method);
    }
  }
}

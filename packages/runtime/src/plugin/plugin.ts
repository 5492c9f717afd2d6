import type { ConnectRouter } from '@connectrpc/connect';
import type { Broker, Routes } from '@vrsky/go-plugin';
import type { Logger } from 'pino';
import { PluginError } from '../contract/plugin-error.ts';
import type { Secrets } from '../contract/secrets.ts';
import { ConnectionNode } from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import type { Connector, ConnectorHost } from './connector.ts';
import { createConnectorHost } from './connector-host.ts';
import { HostLink } from './host-link.ts';
import { Lifecycle } from './lifecycle.ts';
import { createMessageCalls, type MessageCalls } from './message-calls.ts';
import { createNodeService } from './node-service.ts';
import { createToStatus, statusOnError, type ToStatus } from './status.ts';

export interface Plugin {
  /** The host's functions, as the connector has them. */
  readonly host: ConnectorHost;
  readonly routes: Routes;
  /** What the routes do, for a way of the messages past Connect. */
  readonly calls: MessageCalls;
  readonly toStatus: ToStatus;
  /** Disconnects; resolves when drained, at the latest after the limit. */
  shutdown(limitMs: number): Promise<void>;
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
  const redact = (text: string): string => secrets.redact(text);
  const toPluginError = (thrown: unknown): PluginError => PluginError.from(thrown).redacted(redact);
  const calls = createMessageCalls(lifecycle, link, toPluginError);
  const toStatus = createToStatus(log, toPluginError);
  const service = createNodeService({ connector, lifecycle, link, secrets, calls });
  return {
    host,
    routes: (router: ConnectRouter) => {
      router.service(ConnectionNode, service, {
        interceptors: [statusOnError(toStatus)],
      });
    },
    calls,
    toStatus,
    shutdown: (limitMs) => lifecycle.disconnect(new AbortController().signal, limitMs),
  };
}

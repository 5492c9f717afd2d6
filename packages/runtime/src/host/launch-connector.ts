import { type Client, createClient } from '@connectrpc/connect';
import { GoPluginError } from '@vrsky/go-plugin';
import { launch, type PluginProcess } from '@vrsky/go-plugin/host';
import { HANDSHAKE, PROTOCOL_VERSION, STREAMS_ONLY } from '../contract/handshake.ts';
import { messageLimit } from '../contract/message-limit.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { PluginMetadata } from '../contract/plugin-metadata.ts';
import { ConnectionNode as Service } from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import { HostFunctions as FunctionsService } from '../gen/vrsky/connector/v1/host_functions_pb.ts';
import { hotRoute } from '../hot-path/client/route.ts';
import { hotPathIsOff } from '../hot-path/switch.ts';
import { errorFromStatus } from '../wire/error.ts';
import type { ConnectionNode } from './connection-node.ts';
import type { ConnectorProcess, LaunchOptions } from './connector-process.ts';
import { defaultRoute } from './default-route.ts';
import { createFunctionsService } from './functions-service.ts';
import { createNodeClient } from './node-client.ts';

/** How long a connector may take for its first answers. */
const FIRST_ANSWER_MS = 10_000;

/**
 * Starts a connector, checks its protocol version and attaches the host's functions: ready for
 * Validate. On failure nothing is left running.
 * @throws PluginError CONNECTION_FAILED: what is wrong with the file or the process, and what to do
 */
export async function launchConnector(options: LaunchOptions): Promise<ConnectorProcess> {
  const plugin = await launch({
    ...options,
    ...(options.streamsOnly && { env: { ...options.env, [STREAMS_ONLY]: 'true' } }),
    handshake: HANDSHAKE,
    versions: [HANDSHAKE.protocolVersion],
    maxMessageBytes: messageLimit(options.maxMessageBytes),
  }).catch((error: unknown) => {
    throw launchError(error);
  });
  try {
    const rpc = createClient(Service, plugin.transport);
    const node = nodeOn(plugin, rpc);
    const metadata = await node.metadata({ timeoutMs: FIRST_ANSWER_MS });
    checkProtocol(metadata, options);
    await attachHost(plugin, rpc, options);
    return { node, metadata, pid: plugin.pid, exited: exitOf(plugin), kill: () => plugin.kill() };
  } catch (error) {
    await plugin.kill();
    throw error;
  }
}

/** The typed client on a connection that is there. */
export function nodeOn(
  { transport, calls }: Pick<PluginProcess, 'transport' | 'calls'>,
  rpc: Client<typeof Service> = createClient(Service, transport),
): ConnectionNode {
  return createNodeClient(rpc, hotPathIsOff() ? defaultRoute(rpc) : hotRoute(calls));
}

function launchError(error: unknown): unknown {
  if (!(error instanceof GoPluginError)) return error;
  return new PluginError('CONNECTION_FAILED', error.message, {
    recoverable: false,
    reason: error.code,
    cause: error,
  });
}

function checkProtocol({ name, protocolVersion }: PluginMetadata, { log }: LaunchOptions): void {
  if (protocolVersion > PROTOCOL_VERSION) {
    throw new PluginError(
      'UNSUPPORTED',
      `connector "${name}" speaks protocol version ${protocolVersion}, this host ` +
        `${PROTOCOL_VERSION}: update the host, or use an older connector`,
    );
  }
  if (protocolVersion < PROTOCOL_VERSION) {
    log.warn(
      { connector: name, protocolVersion },
      'the connector speaks an older protocol version',
    );
  }
}

/** A connector that does not know AttachHost works without a host. */
async function attachHost(
  plugin: PluginProcess,
  rpc: Client<typeof Service>,
  options: LaunchOptions,
): Promise<void> {
  const { hostFunctions, identity, signal } = options;
  const brokerId = plugin.broker.nextId();
  const functions = await plugin.broker.acceptAndServe(brokerId, (router) =>
    router.service(FunctionsService, createFunctionsService(hostFunctions)),
  );
  try {
    await rpc.attachHost(
      { brokerId, ...(identity && { identity }) },
      { timeoutMs: FIRST_ANSWER_MS, ...(signal && { signal }) },
    );
  } catch (status) {
    await functions.close();
    const error = errorFromStatus(status);
    if (!(error instanceof PluginError && error.code === 'UNSUPPORTED')) throw error;
  }
}

async function exitOf({ exited }: PluginProcess): Promise<Awaited<ConnectorProcess['exited']>> {
  const { code, signal, lastLines } = await exited;
  const reason = signal ? `was ended by ${signal}` : `exited with status ${code}`;
  return { reason, lastLines };
}

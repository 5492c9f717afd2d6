import { createClient, type Transport } from '@connectrpc/connect';
import type { Logger } from 'pino';
import type { BrokerEnd } from '../broker/broker.ts';
import { reasonOf } from '../errors.ts';
import { GRPCBroker } from '../gen/plugin/grpc_broker_pb.ts';
import { GRPCController } from '../gen/plugin/grpc_controller_pb.ts';
import { StdioData_Channel as Channel, GRPCStdio } from '../gen/plugin/grpc_stdio_pb.ts';
import type { Connection } from '../grpc/connection.ts';
import type { PrintSink } from './printed.ts';

/** Opens the broker's stream for the life of the connection. A plugin without a broker ends it at once. */
export function openBrokerStream(transport: Transport, end: BrokerEnd, signal: AbortSignal): void {
  void end.consume(createClient(GRPCBroker, transport).startStream(end.outgoing, { signal }));
}

/**
 * Hands what the plugin prints after its handshake to the sinks, for the life of the connection. Older plugins have no
 * such stream. One that ends with its session, after a goodbye, is opened again on the next: a plugin that nobody reads
 * would have to wait when it prints.
 */
export async function readPrints(
  { transport, calls }: Pick<Connection, 'transport' | 'calls'>,
  sinks: Record<'stdout' | 'stderr', PrintSink>,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { session } = calls;
  try {
    for await (const { channel, data } of createClient(GRPCStdio, transport).streamStdio(
      {},
      { signal },
    )) {
      if (channel === Channel.STDOUT) await sinks.stdout(data);
      else if (channel === Channel.STDERR) await sinks.stderr(data);
      else log.warn({ channel }, 'the plugin printed to an unknown channel');
    }
  } catch (error) {
    if (signal.aborted) return;
    if (calls.session !== session) return readPrints({ transport, calls }, sinks, log, signal);
    log.debug({ reason: reasonOf(error) }, "the stream of the plugin's printed output ended");
  }
}

/** Asks the plugin to end. Whether and how it answers means nothing: Go plugins usually reset the call. */
export async function requestShutdown(transport: Transport, timeoutMs: number): Promise<void> {
  try {
    await createClient(GRPCController, transport).shutdown({}, { timeoutMs });
  } catch {}
}

import type { Logger } from 'pino';
import type { BrokerEnd } from '../broker/broker.ts';
import type { Connection } from '../grpc/connection.ts';
import { within } from '../within.ts';
import type { Process } from './child.ts';
import { requestShutdown } from './core-services.ts';

/** go-plugin's patience with a plugin that was asked to end. */
const graceMs = 2_000;
/** A plugin whose connection is gone is mostly ending already. */
const endingMs = 500;

/** The end of a plugin, in go-plugin's order. The returned function is idempotent and never rejects. */
export function createKill(options: {
  /** Nothing in test mode, where a host only hangs up. */
  process: Process | undefined;
  connection: Connection;
  brokerEnd: BrokerEnd;
  removeSockets: () => Promise<void>;
  log: Logger;
}): () => Promise<void> {
  const { process, connection, brokerEnd, log } = options;
  const run = async (): Promise<void> => {
    await brokerEnd.close();
    if (process) await end(process, connection, log);
    await connection.close();
    await options.removeSockets();
  };
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}

async function end(process: Process, connection: Connection, log: Logger): Promise<void> {
  const reachable = !(await within(0, connection.closed));
  if (!reachable && (await within(endingMs, process.exited))) return;
  const asked = reachable ? requestShutdown(connection.transport, graceMs) : process.terminate();
  if (await within(graceMs, Promise.all([process.exited, asked]))) return;
  log.warn({ pluginPid: process.pid }, 'plugin failed to exit gracefully');
  await process.destroy();
}

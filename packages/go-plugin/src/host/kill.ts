import type { Logger } from 'pino';
import type { BrokerEnd } from '../broker/broker.ts';
import type { Connection } from '../grpc/connection.ts';
import type { Child } from './child.ts';
import { requestShutdown } from './core-services.ts';

/** go-plugin's patience with a plugin that was asked to end. */
const graceMs = 2_000;

/** The end of a plugin, in go-plugin's order. The returned function is idempotent and never rejects. */
export function createKill(options: {
  child: Child;
  connection: Connection;
  brokerEnd: BrokerEnd;
  removeSockets: () => Promise<void>;
  log: Logger;
}): () => Promise<void> {
  const { child, connection, brokerEnd, log } = options;
  const run = async (): Promise<void> => {
    await brokerEnd.close();
    const asked = requestShutdown(connection.transport, graceMs);
    const ended = await within(graceMs, Promise.all([child.exited, asked]));
    if (!ended) {
      log.warn({ pluginPid: child.pid }, 'plugin failed to exit gracefully');
      await child.destroy();
    }
    await connection.close();
    await options.removeSockets();
  };
  let running: Promise<void> | undefined;
  return () => (running ??= run());
}

async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), ms);
  const inTime = await Promise.race([promise.then(() => true as const), late.promise]);
  clearTimeout(timer);
  return inTime;
}

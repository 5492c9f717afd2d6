import type { Delivery } from '@vrsky/runtime';
import type { Logger } from 'pino';
import type { Queue } from '../store/queue.ts';
import type { Link } from '../supervise/session.ts';
import type { Supervisor } from '../supervise/supervisor.ts';
import type { Batch } from './batch.ts';
import { Failures } from './failures.ts';

export interface ReceiverOptions {
  readonly supervisor: Supervisor;
  readonly queue: Queue;
  readonly batch: Batch;
  readonly redact: (text: string) => string;
  readonly log: Logger;
}

/**
 * One Receive after the other, each only while the store has room for what it may bring. Several of
 * these together receive faster, but lose the order of the messages. Runs until `signal`; what it was
 * not given by then stays with the connector.
 */
export async function receive(options: ReceiverOptions, signal: AbortSignal): Promise<void> {
  const { supervisor, queue, batch, redact, log } = options;
  const failures = new Failures(supervisor, redact, log);
  while (!signal.aborted) {
    await queue.reserve(signal);
    let link: Link | undefined;
    let delivery: Delivery;
    try {
      link = await supervisor.link(signal);
      delivery = await link.node.receive({ signal });
    } catch (thrown) {
      queue.release();
      if (signal.aborted || !link) return;
      await failures.add(link, thrown, signal);
      continue;
    }
    failures.reset();
    batch.add(link, delivery);
  }
}

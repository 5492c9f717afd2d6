import { waitUntil } from '../lifetime.ts';
import type { Parts } from '../parts.ts';
import { Batch } from './batch.ts';
import { receive } from './receive.ts';

/** One Receive at a time keeps the order in which the connector hands its messages over. */
const RECEIVERS_IN_ORDER = 1;
const RECEIVERS = 64;
const DISCONNECT_MS = 10_000;

/** The incoming half, from its start to its end. */
export async function runIncoming(parts: Parts): Promise<void> {
  const { integration, lifetime, store, log } = parts;
  const { queue } = store;
  const { supervisor, redact } = parts.connect('incoming');
  const batch = new Batch({
    queue,
    source: integration.incoming.name,
    identity: integration.identity,
    log,
    onDeadLetter: ({ message, failure }) => parts.onDeadLetter(message, failure, 0),
    onFault: (error) => lifetime.fail(error),
  });
  const supervision = lifetime.watch(supervisor.run());
  const receivers = integration.concurrency === 1 ? RECEIVERS_IN_ORDER : RECEIVERS;
  await Promise.all(
    Array.from({ length: receivers }, () =>
      lifetime.watch(receive({ supervisor, queue, batch, redact, log }, lifetime.stop)),
    ),
  );
  // What the connector has handed over is acked before it is told to close.
  await waitUntil(batch.finish(), lifetime.hurry);
  await supervisor.stop(DISCONNECT_MS, lifetime.hurry);
  await supervision;
}

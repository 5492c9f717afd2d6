import { type Lifetime, waitUntil } from '../lifetime.ts';
import type { Parts } from '../parts.ts';
import { Batch } from './batch.ts';
import { type ReceiverOptions, receive } from './receive.ts';
import { receiveByStream } from './receive-stream.ts';

/** For connectors without streams. One Receive at a time keeps the order in which messages are handed over. */
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
    identity: integration.identity,
    log,
    onDeadLetter: ({ message, failure }) => parts.onDeadLetter(message, failure, 0),
    onFault: (error) => lifetime.fail(error),
  });
  const supervision = lifetime.watch(supervisor.run());
  const receivers = integration.concurrency === 1 ? RECEIVERS_IN_ORDER : RECEIVERS;
  await receiveAll({ supervisor, queue, batch, redact, log }, receivers, lifetime);
  // What the connector has handed over is acked before it is told to close.
  await waitUntil(batch.finish(), lifetime.hurry);
  await supervisor.stop(DISCONNECT_MS, lifetime.hurry);
  await supervision;
}

/** By a stream where the connector has one, otherwise by so many Receives at a time. */
async function receiveAll(
  options: ReceiverOptions,
  receivers: number,
  lifetime: Lifetime,
): Promise<void> {
  const { stop, hurry } = lifetime;
  let hasStreams = true;
  await lifetime.watch(
    receiveByStream(options, stop, hurry).then((answer) => {
      hasStreams = answer;
    }),
  );
  if (hasStreams) return;
  const loops = Array.from({ length: receivers }, () => lifetime.watch(receive(options, stop)));
  await Promise.all(loops);
}

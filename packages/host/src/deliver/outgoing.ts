import { resolveRetryPolicy } from '@vrsky/runtime';
import { waitUntil } from '../lifetime.ts';
import type { Parts } from '../parts.ts';
import { deliver } from './deliver.ts';
import { Sender } from './sender.ts';

/** How long the sends under way may take once the run is stopped. */
const SENDS_MS = 10_000;
const DISCONNECT_MS = 10_000;

/** The outgoing half, from its start to its end. */
export async function runOutgoing(parts: Parts): Promise<void> {
  const { integration, lifetime, store, log } = parts;
  const { retryPolicy, outageLimitMs, timeoutMs } = integration.outgoing;
  const { supervisor, redact } = parts.connect('outgoing');
  const cut = new AbortController();
  const giveUp = AbortSignal.any([cut.signal, lifetime.hurry]);
  const sender = new Sender(giveUp);
  const options = {
    supervisor,
    sender,
    queue: store.queue,
    rules: {
      policy: resolveRetryPolicy(retryPolicy),
      ...(outageLimitMs !== undefined && { outageLimitMs }),
    },
    timeoutMs,
    redact,
    log,
    onDelivered: parts.onDelivered,
    onDeadLetter: parts.onDeadLetter,
  };
  let deadline: NodeJS.Timeout | undefined;
  lifetime.stop.addEventListener('abort', () => {
    deadline = setTimeout(() => cut.abort(), SENDS_MS);
  });
  const supervision = lifetime.watch(supervisor.run());
  await Promise.all(
    Array.from({ length: integration.concurrency }, () =>
      lifetime.watch(deliver(options, lifetime.stop, giveUp)),
    ),
  );
  await waitUntil(sender.close(), giveUp);
  clearTimeout(deadline);
  await supervisor.stop(DISCONNECT_MS, lifetime.hurry);
  await supervision;
}

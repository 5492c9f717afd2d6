import type { Logger } from 'pino';
import type { Message } from '../contract/message.ts';
import { PluginError } from '../contract/plugin-error.ts';
import type { Destination } from './destination.ts';

/** Logs each message that a source handed over, at debug: undefined below that level, so that it costs nothing. */
export function traceReceived(log: Logger): ((message: Message) => void) | undefined {
  if (!log.isLevelEnabled('debug')) return undefined;
  return (message) => log.debug(whose(message), 'message received');
}

/** Logs what became of each message of a destination, at debug: below that level it is the destination itself. */
export function traceSent(
  destination: Destination,
  log: Logger,
): Pick<Destination, 'maxBatch' | 'send' | 'stop'> {
  if (!log.isLevelEnabled('debug')) return destination;
  const { maxBatch } = destination;
  return {
    ...(maxBatch !== undefined && { maxBatch }),
    async send(batch, signal) {
      try {
        const outcomes = await destination.send(batch, signal);
        for (const [i, message] of batch.entries()) logOutcome(message, outcomes[i]);
        return outcomes;
      } catch (thrown) {
        for (const message of batch) logOutcome(message, PluginError.from(thrown));
        throw thrown;
      }
    },
    stop: (signal) => destination.stop(signal),
  };

  function logOutcome(message: Message, outcome: unknown): void {
    if (!(outcome instanceof PluginError)) return log.debug(whose(message), 'message sent');
    const { code, reason, recoverable } = outcome;
    log.debug({ ...whose(message), code, reason, recoverable }, 'message not sent');
  }
}

function whose({ id, metadata, payload }: Message): object {
  const { customerId, integrationId } = metadata;
  return { customer: customerId, integration: integrationId, messageId: id, bytes: payload.length };
}

import type { Message } from '@vrsky/runtime';

/** Which message it is and whose, as log lines name it; nothing of its content. */
export interface MessageTrace {
  readonly messageId: string;
  readonly customer: string;
  readonly integration: string;
}

export function traceOf({ id, metadata }: Message): MessageTrace {
  return {
    messageId: id,
    customer: metadata.customerId,
    integration: metadata.integrationId,
  };
}

import type { Message, PluginError, SendReceipt } from '@vrsky/runtime';
import type { Logger } from 'pino';
import type { Direction, Integration } from './config/integration.ts';
import type { Lifetime } from './lifetime.ts';
import type { Pending } from './store/queue.ts';
import type { Store } from './store/store.ts';
import type { Supervisor } from './supervise/supervisor.ts';

/** What the two halves of a run have in common. */
export interface Parts {
  readonly integration: Integration;
  readonly lifetime: Lifetime;
  readonly store: Store;
  readonly log: Logger;
  /** The keeper of one connection, not yet running. */
  readonly connect: (direction: Direction) => {
    supervisor: Supervisor;
    redact: (text: string) => string;
  };
  readonly onDelivered: (pending: Pending, receipt: SendReceipt) => void;
  readonly onDeadLetter: (message: Message, failure: PluginError, attempts: number) => void;
}

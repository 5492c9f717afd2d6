import type { Reply } from '../../contract/message.ts';
import type { Incoming, Source } from '../source.ts';

/** How a message's way through the runtime ends. */
export interface End {
  readonly outcome: 'ack' | 'reject' | 'retry' | 'release';
  readonly reply?: Reply | undefined;
}

/** Tells a source how its message ended: whether it could record that, now or when it has. Never throws. */
export function tellSource(
  source: Source,
  incoming: Incoming,
  { outcome, reply }: End,
  onFault: (error: unknown) => void,
): boolean | Promise<boolean> {
  const faulty = (error: unknown): false => {
    onFault(error);
    return false;
  };
  try {
    const recorded =
      outcome === 'ack'
        ? source.ack(incoming, reply)
        : source.nack(incoming, outcome === 'reject' ? 'reject' : 'release');
    return recorded ? recorded.then(() => true, faulty) : true;
  } catch (error) {
    return faulty(error);
  }
}

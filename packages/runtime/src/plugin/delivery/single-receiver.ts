import type { Holder, Lease } from './lease.ts';
import type { Receiver } from './receivers.ts';

/** A Receive: it waits for one message, whatever its size. */
export function singleReceiver(
  holder: Holder,
  signal: AbortSignal,
  leave: (receiver: Receiver) => void,
): { receiver: Receiver; lease: Promise<Lease> } {
  const { promise: lease, resolve, reject } = Promise.withResolvers<Lease>();
  let hungry = true;
  const end = (): void => {
    hungry = false;
    signal.removeEventListener('abort', abort);
  };
  const receiver: Receiver = {
    holder,
    get hungry() {
      return hungry;
    },
    accepts: () => true,
    take: (granted) => {
      end();
      resolve(granted);
    },
    fail: (error) => {
      end();
      reject(error);
    },
  };
  const abort = (): void => {
    leave(receiver);
    receiver.fail(signal.reason);
  };
  signal.addEventListener('abort', abort, { once: true });
  return { receiver, lease };
}

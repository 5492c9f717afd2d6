import type { Caller } from '../caller.ts';
import type { Holder, Lease } from './lease.ts';
import type { Receiver } from './receivers.ts';

/** A Receive: it waits for one message, whatever its size. */
export function singleReceiver(
  holder: Holder,
  caller: Caller,
  leave: (receiver: Receiver) => void,
): { receiver: Receiver; lease: Promise<Lease> } {
  const { promise: lease, resolve, reject } = Promise.withResolvers<Lease>();
  let hungry = true;
  const end = (): void => {
    hungry = false;
    caller.offGone();
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
  caller.onGone((reason) => {
    leave(receiver);
    receiver.fail(reason);
  });
  return { receiver, lease };
}

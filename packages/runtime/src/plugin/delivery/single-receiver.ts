import type { Caller } from '../caller.ts';
import type { Holder, Lease } from './lease.ts';
import type { Receiver } from './receivers.ts';

/** Before a Receive's deadline nothing is handed out any more: it would mostly be lost on the way, and come again. */
const MAX_MARGIN_MS = 50;
const MARGIN_SHARE = 0.25;

/** A Receive: it waits for one message, whatever its size, until shortly before its deadline. */
export function singleReceiver(
  holder: Holder,
  caller: Caller,
  leave: (receiver: Receiver) => void,
): { receiver: Receiver; lease: Promise<Lease> } {
  const { promise: lease, resolve, reject } = Promise.withResolvers<Lease>();
  let hungry = true;
  const remainingMs = caller.deadlineAt - performance.now();
  const lastAt = caller.deadlineAt - Math.min(MAX_MARGIN_MS, remainingMs * MARGIN_SHARE);
  const end = (): void => {
    hungry = false;
    caller.offGone();
  };
  const receiver: Receiver = {
    holder,
    get hungry() {
      return hungry;
    },
    accepts: () => lastAt === Number.POSITIVE_INFINITY || performance.now() < lastAt,
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

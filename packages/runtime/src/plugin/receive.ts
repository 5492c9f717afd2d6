import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import { whenArrived } from '@vrsky/go-plugin';
import type { Delivery } from '../contract/settlement.ts';
import type { Caller } from './caller.ts';
import type { Lifecycle } from './lifecycle.ts';

/**
 * Receive for a host that settles by Acknowledge. The delivery belongs to the host's connection: its
 * end returns the message, and so does an answer that did not arrive.
 */
export async function receiveWithAck(
  lifecycle: Lifecycle,
  stream: ServerHttp2Stream,
  caller: Caller,
): Promise<Delivery> {
  const { deliveries } = lifecycle;
  const { parcel, deliveryId } = await deliveries.receive(holderOf(lifecycle, stream), caller);
  whenArrived(stream, (arrived) => {
    if (!arrived) deliveries.returned(deliveryId);
  });
  return { message: parcel.message, deliveryId, ackTimeoutMs: deliveries.ackTimeoutMs };
}

/**
 * Receive for a host that knows only the specification. The message counts as acked when the answer has
 * arrived; otherwise it comes again first. What remains is a host that dies, or drops the message, after
 * its transport has it: only an explicit ack is at-least-once then.
 */
export async function receiveWithoutAck(
  lifecycle: Lifecycle,
  stream: ServerHttp2Stream,
  caller: Caller,
): Promise<Delivery> {
  const { deliveries } = lifecycle;
  const { parcel, deliveryId } = await deliveries.receive(stream, caller);
  whenArrived(stream, (arrived) => {
    if (arrived) void deliveries.settle({ deliveryId, outcome: 'ack' });
    else deliveries.returned(deliveryId);
  });
  return { message: parcel.message, deliveryId: '', ackTimeoutMs: undefined };
}

const watched = new WeakSet<Http2Session>();

function holderOf(lifecycle: Lifecycle, { session }: ServerHttp2Stream): object {
  if (!session) return {}; // already closed: `whenArrived` reports it
  if (!watched.has(session)) {
    watched.add(session);
    session.once('close', () => lifecycle.holderGone(session));
  }
  return session;
}

import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import type { Delivery } from '../contract/settlement.ts';
import type { Caller } from './caller.ts';
import type { Lifecycle } from './lifecycle.ts';

/**
 * Receive for a host that settles by Acknowledge. The delivery belongs to the host's connection: its
 * end gives the message back, and so does a call that was reset before the answer was out.
 */
export async function receiveWithAck(
  lifecycle: Lifecycle,
  stream: ServerHttp2Stream,
  caller: Caller,
): Promise<Delivery> {
  const { deliveries } = lifecycle;
  const lease = await deliveries.receive(holderOf(lifecycle, stream), caller);
  whenClosed(stream, (clean) => {
    if (!clean) deliveries.returned(lease.deliveryId);
  });
  const { parcel, deliveryId } = lease;
  return { message: parcel.message, deliveryId, ackTimeoutMs: deliveries.ackTimeoutMs };
}

/**
 * Receive for a host that knows only the specification. The message counts as acked when the call's
 * HTTP/2 stream has closed cleanly: everything was flushed and nobody reset it. Otherwise it comes
 * again first. Bytes that the host's side of the socket had not read when it died are lost: only an
 * explicit ack is at-least-once.
 */
export async function receiveWithoutAck(
  lifecycle: Lifecycle,
  stream: ServerHttp2Stream,
  caller: Caller,
): Promise<Delivery> {
  const { deliveries } = lifecycle;
  const { parcel, deliveryId } = await deliveries.receive(stream, caller);
  whenClosed(stream, (clean) => {
    if (clean) void deliveries.settle({ deliveryId, outcome: 'ack' });
    else deliveries.returned(deliveryId);
  });
  return { message: parcel.message, deliveryId: '', ackTimeoutMs: undefined };
}

function whenClosed(stream: ServerHttp2Stream, then: (clean: boolean) => void): void {
  if (stream.closed) return then(false);
  stream.once('close', () => {
    then(stream.rstCode === 0 && stream.writableFinished && !stream.aborted);
  });
}

const watched = new WeakSet<Http2Session>();

function holderOf(lifecycle: Lifecycle, { session }: ServerHttp2Stream): object {
  if (!session) return {}; // already closed: `whenClosed` gives the message back
  if (!watched.has(session)) {
    watched.add(session);
    session.once('close', () => lifecycle.holderGone(session));
  }
  return session;
}

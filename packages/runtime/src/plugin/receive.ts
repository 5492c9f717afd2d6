import type { Http2Session, ServerHttp2Stream } from 'node:http2';
import { create } from '@bufbuild/protobuf';
import { type Delivery, DeliverySchema } from '../gen/vrsky/connector/v1/delivery_pb.ts';
import { messageToWire } from '../wire/message.ts';
import { millisecondsToWire } from '../wire/time.ts';
import type { Lease } from './delivery/lease.ts';
import type { Lifecycle } from './lifecycle.ts';

/**
 * Receive for a host that settles by Acknowledge. The delivery belongs to the host's connection: its
 * end gives the message back, and so does a call that was reset before the answer was out.
 */
export async function receiveWithAck(
  lifecycle: Lifecycle,
  stream: ServerHttp2Stream,
  signal: AbortSignal,
): Promise<Delivery> {
  const { deliveries } = lifecycle;
  const lease = await deliveries.receive(holderOf(lifecycle, stream), signal);
  whenClosed(stream, (clean) => {
    if (!clean) deliveries.returned(lease.deliveryId);
  });
  return deliveryToWire(lease, deliveries.ackTimeoutMs);
}

export function deliveryToWire(
  { parcel, deliveryId }: Lease,
  ackTimeoutMs: number | undefined,
): Delivery {
  const delivery = create(DeliverySchema, { message: messageToWire(parcel.message), deliveryId });
  if (ackTimeoutMs !== undefined) delivery.ackTimeout = millisecondsToWire(ackTimeoutMs);
  return delivery;
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
  signal: AbortSignal,
): Promise<Delivery> {
  const { deliveries } = lifecycle;
  const { parcel, deliveryId } = await deliveries.receive(stream, signal);
  whenClosed(stream, (clean) => {
    if (clean) void deliveries.settle({ deliveryId, outcome: 'ack' });
    else deliveries.returned(deliveryId);
  });
  return create(DeliverySchema, { message: messageToWire(parcel.message) });
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

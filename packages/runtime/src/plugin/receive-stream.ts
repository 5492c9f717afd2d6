import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type ReceiveStreamRequest,
  ReceiveStreamResponseSchema,
} from '../gen/vrsky/connector/v1/connection_node_pb.ts';
import { settlementFromWire } from '../wire/settlement.ts';
import type { Deliveries } from './delivery/deliveries.ts';
import { DeliveryStream } from './delivery/delivery-stream.ts';
import { deliveryToWire } from './receive.ts';

type Response = MessageInitShape<typeof ReceiveStreamResponseSchema>;

/** Serves one ReceiveStream, from its first request to its end. */
export async function* receiveStream(
  deliveries: Deliveries,
  requests: AsyncIterable<ReceiveStreamRequest>,
  signal: AbortSignal,
): AsyncGenerator<Response> {
  const stream = new DeliveryStream(deliveries);
  // On the signal, too: a reset while nothing is to be sent resumes none of the two loops.
  const broken = (): void => stream.break();
  signal.addEventListener('abort', broken, { once: true });
  void read(stream, requests);
  try {
    for await (const { leases, unknown } of stream.frames()) {
      yield create(ReceiveStreamResponseSchema, {
        deliveries: leases.map((lease) => deliveryToWire(lease, deliveries.ackTimeoutMs)),
        unknownDeliveryIds: [...unknown],
      });
    }
  } finally {
    signal.removeEventListener('abort', broken);
    stream.break();
  }
}

/** A host that breaks the protocol loses this stream, and nothing else. */
async function read(
  stream: DeliveryStream,
  requests: AsyncIterable<ReceiveStreamRequest>,
): Promise<void> {
  try {
    for await (const { credit, settlements } of requests) {
      for (const settlement of settlements) void stream.settle(settlementFromWire(settlement));
      if (credit) stream.grant(credit.messages, Number(credit.bytes));
      await stream.reportsRead();
    }
    stream.halfClose();
  } catch (error) {
    stream.break(error as Error);
  }
}

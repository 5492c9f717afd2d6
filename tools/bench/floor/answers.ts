import { create, type DescMessage, type MessageShape, toBinary } from '@bufbuild/protobuf';
import {
  ReceiveResponseSchema,
  ReceiveStreamResponseSchema,
  SendResponseSchema,
  SendStreamResponseSchema,
} from '../../../packages/runtime/src/gen/vrsky/connector/v1/connection_node_pb.ts';
import {
  DeliverySchema,
  SendReceiptSchema,
} from '../../../packages/runtime/src/gen/vrsky/connector/v1/delivery_pb.ts';
import { messageToWire } from '../../../packages/runtime/src/wire/message.ts';
import { idOf, messageParts, payloadOf } from '../src/message.ts';

const MAX_IN_FLIGHT = 1024;

/** All answers there are, as gRPC frames. */
export function createAnswers(
  payloadBytes: number,
  batch: number,
): Record<'receipt' | 'delivery' | 'announcement' | 'results' | 'deliveries', Buffer> {
  const receipt = create(SendReceiptSchema, { messageId: idOf(0) });
  const timestamp = Temporal.Now.instant();
  const delivery = create(DeliverySchema, {
    message: messageToWire({ ...messageParts(0, payloadOf(payloadBytes)), timestamp }),
    deliveryId: idOf(0),
    ackTimeout: { seconds: 30n },
  });
  const result = (seq: number) =>
    ({ seq: BigInt(seq), outcome: { case: 'receipt', value: receipt } }) as const;
  return {
    receipt: frame(SendResponseSchema, create(SendResponseSchema, { receipt })),
    delivery: frame(ReceiveResponseSchema, create(ReceiveResponseSchema, { delivery })),
    announcement: frame(
      SendStreamResponseSchema,
      create(SendStreamResponseSchema, { maxInFlight: MAX_IN_FLIGHT }),
    ),
    results: frame(
      SendStreamResponseSchema,
      create(SendStreamResponseSchema, {
        results: Array.from({ length: batch }, (_, seq) => result(seq)),
      }),
    ),
    deliveries: frame(
      ReceiveStreamResponseSchema,
      create(ReceiveStreamResponseSchema, {
        deliveries: Array.from({ length: batch }, () => delivery),
      }),
    ),
  };
}

function frame<D extends DescMessage>(schema: D, message: MessageShape<D>): Buffer {
  const body = toBinary(schema, message);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(body.length, 1);
  return Buffer.concat([header, body]);
}

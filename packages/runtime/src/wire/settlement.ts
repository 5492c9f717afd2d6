import { create } from '@bufbuild/protobuf';
import type { Reply } from '../contract/message.ts';
import type { Delivery, Settlement } from '../contract/settlement.ts';
import {
  DeliverySchema,
  SettlementSchema,
  type Delivery as WireDelivery,
  type Reply as WireReply,
  type Settlement as WireSettlement,
} from '../gen/vrsky/connector/v1/delivery_pb.ts';
import { messageFromWire, messageToWire } from './message.ts';
import { millisecondsFromWire, millisecondsToWire } from './time.ts';

export function deliveryFromWire(wire: WireDelivery | undefined): Delivery {
  return {
    message: messageFromWire(wire?.message),
    deliveryId: wire?.deliveryId ?? '',
    ackTimeoutMs: millisecondsFromWire(wire?.ackTimeout),
  };
}

export function deliveryToWire({ message, deliveryId, ackTimeoutMs }: Delivery): WireDelivery {
  const wire = create(DeliverySchema, { message: messageToWire(message), deliveryId });
  if (ackTimeoutMs !== undefined) wire.ackTimeout = millisecondsToWire(ackTimeoutMs);
  return wire;
}

export function settlementToWire(settlement: Settlement): WireSettlement {
  const { deliveryId } = settlement;
  switch (settlement.outcome) {
    case 'ack':
      return create(SettlementSchema, {
        deliveryId,
        outcome: { case: 'ack', value: settlement.reply ? { reply: settlement.reply } : {} },
      });
    case 'retry':
      return create(SettlementSchema, {
        deliveryId,
        outcome: {
          case: 'nack',
          value: { recoverable: true, delay: millisecondsToWire(settlement.delayMs ?? 0) },
        },
      });
    case 'reject':
      return create(SettlementSchema, {
        deliveryId,
        outcome: { case: 'nack', value: { recoverable: false } },
      });
  }
}

/** A settlement without an outcome is taken for a plain retry: nothing is lost by offering it again. */
export function settlementFromWire(wire: WireSettlement): Settlement {
  const { deliveryId, outcome } = wire;
  if (outcome.case === 'ack') {
    return { deliveryId, outcome: 'ack', reply: replyFromWire(outcome.value.reply) };
  }
  if (outcome.case === 'nack' && !outcome.value.recoverable) {
    return { deliveryId, outcome: 'reject' };
  }
  const delay = outcome.case === 'nack' ? outcome.value.delay : undefined;
  return { deliveryId, outcome: 'retry', delayMs: millisecondsFromWire(delay) ?? 0 };
}

function replyFromWire(wire: WireReply | undefined): Reply | undefined {
  return wire && { status: wire.status, headers: wire.headers, payload: wire.payload };
}

import type { Reply } from '../../contract/message.ts';
import type { Delivery, Settlement } from '../../contract/settlement.ts';
import {
  type MessageDraft,
  messageOf,
  NO_BYTES,
  newMessage,
  readEntry,
  readMessage,
  writeHeaders,
  writeMessage,
} from './message.ts';
import type { Read } from './reader.ts';
import { millisecondsOf, newTime, readTime, type TimeDraft, writeMilliseconds } from './time.ts';
import type { Write } from './writer.ts';

export interface DeliveryDraft {
  message: MessageDraft | undefined;
  deliveryId: string;
  ackTimeout: TimeDraft | undefined;
}

export function newDelivery(): DeliveryDraft {
  return { message: undefined, deliveryId: '', ackTimeout: undefined };
}

export function deliveryOf({ message, deliveryId, ackTimeout }: DeliveryDraft): Delivery {
  return {
    message: messageOf(message ?? newMessage()),
    deliveryId,
    ackTimeoutMs: ackTimeout && millisecondsOf(ackTimeout),
  };
}

export const readDelivery: Read<DeliveryDraft> = (reader, draft) => {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) reader.nested(readMessage, (draft.message ??= newMessage()));
    else if (tag === 18) draft.deliveryId = reader.string();
    else if (tag === 26) reader.nested(readTime, (draft.ackTimeout ??= newTime()));
    else reader.skip(tag);
  }
};

export const writeDelivery: Write<Delivery> = (writer, { message, deliveryId, ackTimeoutMs }) => {
  writer.string(2, deliveryId);
  if (ackTimeoutMs !== undefined) writer.nested(3, ackTimeoutMs, writeMilliseconds);
  writer.nested(1, message, writeMessage);
};

interface AckDraft {
  reply: ReplyDraft | undefined;
}

interface ReplyDraft {
  status: number;
  headers: Record<string, string>;
  payload: Uint8Array;
}

interface NackDraft {
  recoverable: boolean;
  delay: TimeDraft | undefined;
}

/** At most one of the two is there. */
export interface SettlementDraft {
  deliveryId: string;
  ack: AckDraft | undefined;
  nack: NackDraft | undefined;
}

export function newSettlement(): SettlementDraft {
  return { deliveryId: '', ack: undefined, nack: undefined };
}

/** A settlement without an outcome is taken for a plain retry: nothing is lost by offering it again. */
export function settlementOf({ deliveryId, ack, nack }: SettlementDraft): Settlement {
  if (ack) return { deliveryId, outcome: 'ack', reply: ack.reply };
  if (nack && !nack.recoverable) return { deliveryId, outcome: 'reject' };
  return { deliveryId, outcome: 'retry', delayMs: nack?.delay ? millisecondsOf(nack.delay) : 0 };
}

export const readSettlement: Read<SettlementDraft> = (reader, draft) => {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case 10:
        draft.deliveryId = reader.string();
        break;
      case 18:
        draft.nack = undefined;
        reader.nested(readAck, (draft.ack ??= { reply: undefined }));
        break;
      case 26:
        draft.ack = undefined;
        reader.nested(readNack, (draft.nack ??= { recoverable: false, delay: undefined }));
        break;
      default:
        reader.skip(tag);
    }
  }
};

const readAck: Read<AckDraft> = (reader, draft) => {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== 10) reader.skip(tag);
    else reader.nested(readReply, (draft.reply ??= { status: 0, headers: {}, payload: NO_BYTES }));
  }
};

const readReply: Read<ReplyDraft> = (reader, draft) => {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 8) draft.status = reader.int32();
    else if (tag === 18) reader.nested(readEntry, draft.headers);
    else if (tag === 26) draft.payload = reader.bytes();
    else reader.skip(tag);
  }
};

const readNack: Read<NackDraft> = (reader, draft) => {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 8) draft.recoverable = reader.bool();
    else if (tag === 18) reader.nested(readTime, (draft.delay ??= newTime()));
    else reader.skip(tag);
  }
};

export const writeSettlement: Write<Settlement> = (writer, settlement) => {
  writer.string(1, settlement.deliveryId);
  if (settlement.outcome === 'ack') writer.nested(2, settlement.reply, writeAck);
  else writer.nested(3, settlement, writeNack);
};

const writeAck: Write<Reply | undefined> = (writer, reply) => {
  if (reply) writer.nested(1, reply, writeReply);
};

const writeReply: Write<Reply> = (writer, { status, headers, payload }) => {
  writer.int32(1, status);
  writeHeaders(writer, 2, headers);
  writer.bytes(3, payload);
};

const writeNack: Write<Exclude<Settlement, { outcome: 'ack' }>> = (writer, settlement) => {
  if (settlement.outcome === 'reject') return;
  writer.bool(1, true);
  writer.nested(2, settlement.delayMs ?? 0, writeMilliseconds);
};

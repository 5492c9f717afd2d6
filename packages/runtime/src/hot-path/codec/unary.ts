import type { Message, SendReceipt } from '../../contract/message.ts';
import type { Delivery, Settlement } from '../../contract/settlement.ts';
import { type Codec, codecOf } from './codec.ts';
import { type MessageDraft, messageOf, newMessage, readMessage, writeMessage } from './message.ts';
import type { Reader } from './reader.ts';
import { newReceipt, type ReceiptDraft, readReceipt, writeReceipt } from './result.ts';
import {
  type DeliveryDraft,
  deliveryOf,
  newDelivery,
  newSettlement,
  readDelivery,
  readSettlement,
  settlementOf,
  writeDelivery,
  writeSettlement,
} from './settlement.ts';
import type { Writer } from './writer.ts';

export interface ReceiveRequest {
  readonly explicitAck: boolean;
}

/** A request without a message has an empty one, which is refused for its missing id. */
export const sendRequest: Codec<Message> = codecOf(
  (reader) => {
    let draft: MessageDraft | undefined;
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 10) reader.nested(readMessage, (draft ??= newMessage()));
      else reader.skip(tag);
    }
    return messageOf(draft ?? newMessage());
  },
  (writer, message) => writer.nested(1, message, writeMessage),
);

/** Without a receipt only when the connector breaks the rules. */
export const sendResponse: Codec<SendReceipt | undefined> = codecOf(
  (reader) => {
    let draft: ReceiptDraft | undefined;
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 10) reader.nested(readReceipt, (draft ??= newReceipt()));
      else reader.skip(tag);
    }
    return draft;
  },
  (writer, receipt) => {
    if (receipt) writer.nested(1, receipt, writeReceipt);
  },
);

export const receiveRequest: Codec<ReceiveRequest> = codecOf(
  (reader) => {
    let explicitAck = false;
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 8) explicitAck = reader.bool();
      else reader.skip(tag);
    }
    return { explicitAck };
  },
  (writer, { explicitAck }) => writer.bool(1, explicitAck),
);

/** Without a delivery only when the connector breaks the rules. */
export const receiveResponse: Codec<Delivery | undefined> = codecOf(
  (reader) => {
    let draft: DeliveryDraft | undefined;
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 10) reader.nested(readDelivery, (draft ??= newDelivery()));
      else reader.skip(tag);
    }
    return draft && deliveryOf(draft);
  },
  (writer, delivery) => {
    if (delivery) writer.nested(1, delivery, writeDelivery);
  },
);

export const acknowledgeRequest: Codec<readonly Settlement[]> = codecOf(
  (reader) => {
    const settlements: Settlement[] = [];
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 10) settlements.push(readOneSettlement(reader));
      else reader.skip(tag);
    }
    return settlements;
  },
  (writer, settlements) => {
    for (const settlement of settlements) writer.nested(1, settlement, writeSettlement);
  },
);

/** The ids of the deliveries that are not outstanding. */
export const acknowledgeResponse: Codec<readonly string[]> = codecOf(
  (reader) => {
    const ids: string[] = [];
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 10) ids.push(reader.string());
      else reader.skip(tag);
    }
    return ids;
  },
  (writer, ids) => writeIds(writer, 1, ids),
);

export function readOneSettlement(reader: Reader): Settlement {
  const draft = newSettlement();
  reader.nested(readSettlement, draft);
  return settlementOf(draft);
}

export function writeIds(writer: Writer, field: number, ids: readonly string[]): void {
  for (const id of ids) writer.item(field, id);
}

import type { Delivery, Settlement } from '../../contract/settlement.ts';
import type {
  Credit,
  ReceiveStreamRequest,
  ReceiveStreamResponse,
  SendItem,
  SendResult,
  SendStreamResponse,
} from '../../contract/streams.ts';
import { type Codec, codecOf } from './codec.ts';
import { type MessageDraft, messageOf, newMessage, readMessage, writeMessage } from './message.ts';
import type { Read } from './reader.ts';
import { newResult, readResult, resultOf, writeResult } from './result.ts';
import {
  deliveryOf,
  newDelivery,
  readDelivery,
  writeDelivery,
  writeSettlement,
} from './settlement.ts';
import { millisecondsOf, newTime, readTime, type TimeDraft, writeMilliseconds } from './time.ts';
import { readOneSettlement, writeIds } from './unary.ts';
import type { Write } from './writer.ts';

interface CreditDraft {
  messages: number;
  bytes: number;
}

export const sendStreamRequest: Codec<readonly SendItem[]> = codecOf(
  (reader) => {
    const items: SendItem[] = [];
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag !== 10) {
        reader.skip(tag);
        continue;
      }
      const draft: ItemDraft = { seq: 0n, message: undefined, timeout: undefined };
      reader.nested(readItem, draft);
      items.push({
        seq: draft.seq,
        message: messageOf(draft.message ?? newMessage()),
        timeoutMs: draft.timeout && millisecondsOf(draft.timeout),
      });
    }
    return items;
  },
  (writer, items) => {
    for (const item of items) writer.nested(1, item, writeItem);
  },
);

export const sendStreamResponse: Codec<SendStreamResponse> = codecOf(
  (reader) => {
    const results: SendResult[] = [];
    let maxInFlight = 0;
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 8) maxInFlight = reader.uint32();
      else if (tag === 18) {
        const draft = newResult();
        reader.nested(readResult, draft);
        results.push(resultOf(draft));
      } else reader.skip(tag);
    }
    return { maxInFlight, results };
  },
  (writer, { maxInFlight, results }) => {
    writer.uint32(1, maxInFlight);
    for (const result of results) writer.nested(2, result, writeResult);
  },
);

export const receiveStreamRequest: Codec<ReceiveStreamRequest> = codecOf(
  (reader) => {
    const settlements: Settlement[] = [];
    let credit: CreditDraft | undefined;
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 10) reader.nested(readCredit, (credit ??= { messages: 0, bytes: 0 }));
      else if (tag === 18) settlements.push(readOneSettlement(reader));
      else reader.skip(tag);
    }
    return { credit, settlements };
  },
  (writer, { credit, settlements }) => {
    if (credit) writer.nested(1, credit, writeCredit);
    for (const settlement of settlements) writer.nested(2, settlement, writeSettlement);
  },
);

export const receiveStreamResponse: Codec<ReceiveStreamResponse> = codecOf(
  (reader) => {
    const deliveries: Delivery[] = [];
    const unknownDeliveryIds: string[] = [];
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      if (tag === 10) {
        const draft = newDelivery();
        reader.nested(readDelivery, draft);
        deliveries.push(deliveryOf(draft));
      } else if (tag === 18) unknownDeliveryIds.push(reader.string());
      else reader.skip(tag);
    }
    return { deliveries, unknownDeliveryIds };
  },
  (writer, { deliveries, unknownDeliveryIds }) => {
    for (const delivery of deliveries) writer.nested(1, delivery, writeDelivery);
    writeIds(writer, 2, unknownDeliveryIds);
  },
);

interface ItemDraft {
  seq: bigint;
  message: MessageDraft | undefined;
  timeout: TimeDraft | undefined;
}

const readItem: Read<ItemDraft> = (reader, draft) => {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 8) draft.seq = reader.bigUint64();
    else if (tag === 18) reader.nested(readMessage, (draft.message ??= newMessage()));
    else if (tag === 26) reader.nested(readTime, (draft.timeout ??= newTime()));
    else reader.skip(tag);
  }
};

const writeItem: Write<SendItem> = (writer, { seq, message, timeoutMs }) => {
  writer.bigUint64(1, seq);
  if (timeoutMs !== undefined) writer.nested(3, timeoutMs, writeMilliseconds);
  writer.nested(2, message, writeMessage);
};

const readCredit: Read<CreditDraft> = (reader, draft) => {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 8) draft.messages = reader.uint32();
    else if (tag === 16) draft.bytes = reader.uint64();
    else reader.skip(tag);
  }
};

const writeCredit: Write<Credit> = (writer, { messages, bytes }) => {
  writer.uint32(1, messages);
  writer.int64(2, bytes);
};

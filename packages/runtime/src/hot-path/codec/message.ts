import type { Message, MessageMetadata } from '../../contract/message.ts';
import type { Read } from './reader.ts';
import { instantOf, isInstant, newTime, readTime, type TimeDraft, writeInstant } from './time.ts';
import type { Write, Writer } from './writer.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface MessageDraft {
  id: string;
  payload: Uint8Array;
  contentType: string;
  metadata: Mutable<MessageMetadata> | undefined;
  readonly headers: Record<string, string>;
  timestamp: TimeDraft | undefined;
}

export const NO_BYTES: Uint8Array = new Uint8Array();
const NO_METADATA: MessageMetadata = Object.freeze(newMetadata());

export function newMessage(): MessageDraft {
  return {
    id: '',
    payload: NO_BYTES,
    contentType: '',
    metadata: undefined,
    headers: {},
    timestamp: undefined,
  };
}

export function messageOf(draft: MessageDraft): Message {
  const { id, payload, contentType, metadata = NO_METADATA, headers, timestamp } = draft;
  if (timestamp && !isInstant(timestamp)) return withoutTime(draft, timestamp);
  return {
    id,
    payload,
    contentType,
    metadata,
    headers,
    // Made at once: measured, an accessor costs twice as much as the instant that it saves.
    timestamp: timestamp && instantOf(timestamp),
  };
}

/** One time that does not exist harms nobody but who reads it. */
function withoutTime(draft: MessageDraft, timestamp: TimeDraft): Message {
  const message = messageOf({ ...draft, timestamp: undefined });
  const get = (): Temporal.Instant => instantOf(timestamp);
  return Object.defineProperty({ ...message }, 'timestamp', { get, enumerable: true });
}

export const readMessage: Read<MessageDraft> = (reader, draft) => {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case 10:
        draft.id = reader.string();
        break;
      case 18:
        draft.payload = reader.bytes();
        break;
      case 26:
        draft.contentType = reader.string();
        break;
      case 34:
        reader.nested(readMetadata, (draft.metadata ??= newMetadata()));
        break;
      case 42:
        reader.nested(readEntry, draft.headers);
        break;
      case 50:
        reader.nested(readTime, (draft.timestamp ??= newTime()));
        break;
      default:
        reader.skip(tag);
    }
  }
};

function newMetadata(): Mutable<MessageMetadata> {
  return {
    customerId: '',
    tenantId: '',
    integrationId: '',
    source: '',
    destination: '',
    correlationId: '',
    traceId: '',
  };
}

const readMetadata: Read<Mutable<MessageMetadata>> = (reader, draft) => {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    switch (tag) {
      case 10:
        draft.customerId = reader.string();
        break;
      case 18:
        draft.tenantId = reader.string();
        break;
      case 26:
        draft.integrationId = reader.string();
        break;
      case 34:
        draft.source = reader.string();
        break;
      case 42:
        draft.destination = reader.string();
        break;
      case 50:
        draft.correlationId = reader.string();
        break;
      case 58:
        draft.traceId = reader.string();
        break;
      default:
        reader.skip(tag);
    }
  }
};

/** One entry of a map of strings: of two with the same name the last counts. */
export const readEntry: Read<Record<string, string>> = (reader, into) => {
  let name = '';
  let value = '';
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 10) name = reader.name();
    else if (tag === 18) value = reader.string();
    else reader.skip(tag);
  }
  if (name === '__proto__') defineOwn(into, name, value);
  else into[name] = value;
};

/** An assignment to this name would set the prototype, or do nothing. */
function defineOwn(into: Record<string, string>, name: string, value: string): void {
  Object.defineProperty(into, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** The payload comes last, so that a large one does not cut the rest in two. */
export const writeMessage: Write<Message> = (writer, message) => {
  writer.string(1, message.id);
  writer.string(3, message.contentType);
  writer.nested(4, message.metadata, writeMetadata);
  writeHeaders(writer, 5, message.headers);
  const { timestamp } = message;
  if (timestamp) writer.nested(6, timestamp, writeInstant);
  writer.bytes(2, message.payload);
};

const writeMetadata: Write<MessageMetadata> = (writer, metadata) => {
  writer.string(1, metadata.customerId);
  writer.string(2, metadata.tenantId);
  writer.string(3, metadata.integrationId);
  writer.string(4, metadata.source);
  writer.string(5, metadata.destination);
  writer.string(6, metadata.correlationId);
  writer.string(7, metadata.traceId);
};

export function writeHeaders(
  writer: Writer,
  field: number,
  headers: Readonly<Record<string, string>>,
): void {
  for (const name in headers) writer.entry(field, name, headers[name] ?? '');
}

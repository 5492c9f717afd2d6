import { create } from '@bufbuild/protobuf';
import type { Message, MessageMetadata } from '../contract/message.ts';
import {
  MessageMetadataSchema,
  MessageSchema,
  type Message as WireMessage,
} from '../gen/vrsky/connector/v1/message_pb.ts';
import { instantFromWire, instantToWire } from './time.ts';

const NO_METADATA: MessageMetadata = Object.freeze({
  customerId: '',
  tenantId: '',
  integrationId: '',
  source: '',
  destination: '',
  correlationId: '',
  traceId: '',
});

/** The payload is a view into the received bytes; the timestamp is an own accessor, so that a spread keeps it. */
export function messageFromWire(wire: WireMessage | undefined): Message {
  return {
    id: wire?.id ?? '',
    payload: wire?.payload ?? new Uint8Array(),
    contentType: wire?.contentType ?? '',
    metadata: wire?.metadata ? metadataFromWire(wire.metadata) : NO_METADATA,
    headers: wire?.headers ?? {},
    get timestamp() {
      return instantFromWire(wire?.timestamp);
    },
  };
}

function metadataFromWire(wire: MessageMetadata): MessageMetadata {
  return {
    customerId: wire.customerId,
    tenantId: wire.tenantId,
    integrationId: wire.integrationId,
    source: wire.source,
    destination: wire.destination,
    correlationId: wire.correlationId,
    traceId: wire.traceId,
  };
}

export function messageToWire(message: Message): WireMessage {
  const wire = create(MessageSchema);
  wire.id = message.id;
  wire.payload = message.payload;
  wire.contentType = message.contentType;
  wire.metadata = create(MessageMetadataSchema, message.metadata);
  wire.headers = message.headers;
  if (message.timestamp) wire.timestamp = instantToWire(message.timestamp);
  return wire;
}

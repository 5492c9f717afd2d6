import { randomBytes } from 'node:crypto';
import { type Message, PluginError } from '@vrsky/runtime';
import type { OutboundProperties, OutboundPublish } from '../link/packets.ts';
import { MAX_STRING_BYTES } from '../link/topic.ts';
import type { PublishSettings } from './settings.ts';
import { compileTopic } from './topic-template.ts';

export interface Outbound extends OutboundPublish {
  /** Of the whole packet, at most. */
  readonly bytes: number;
}

/** Makes the packet of a message; throws PluginError, final, for one that cannot be sent. */
export type ToPacket = (message: Message) => Outbound;

/** @throws PluginError INVALID_CONFIG */
export function createToPacket(settings: PublishSettings): ToPacket {
  const topicOf = compileTopic('settings.topic', settings.topic);
  const responseTopicOf =
    settings.responseTopic === undefined
      ? undefined
      : compileTopic('settings.responseTopic', settings.responseTopic);
  const { retain, protocolVersion } = settings;
  const qos = settings.qos as 0 | 1 | 2;
  return (message) => {
    const { buffer, byteOffset, length } = message.payload;
    const payload = Buffer.from(buffer as ArrayBuffer, byteOffset, length);
    const topic = topicOf(message);
    if (protocolVersion === 4)
      return { topic, payload, qos, retain, bytes: sizeOf(topic, payload) };
    const properties = propertiesOf(message, settings, responseTopicOf?.(message));
    const bytes = sizeOf(topic, payload) + sizeOfProperties(message, properties);
    return { topic, payload, qos, retain, properties, bytes };
  };
}

function propertiesOf(
  { id, contentType, headers, metadata }: Message,
  settings: PublishSettings,
  responseTopic: string | undefined,
): OutboundProperties {
  const user: Record<string, string> = Object.create(null);
  if (settings.forwardHeaders) {
    for (const name in headers) if (!name.startsWith('mqtt.')) user[name] = headers[name] ?? '';
  }
  user['message-id'] = id;
  if (metadata.traceId) {
    user['traceparent'] = `00-${metadata.traceId}-${randomBytes(8).toString('hex')}-01`;
  }
  Object.assign(user, settings.userProperties);
  const { messageExpirySeconds } = settings;
  return {
    userProperties: user,
    ...(contentType && { contentType }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(metadata.correlationId && { correlationData: Buffer.from(metadata.correlationId) }),
    ...(messageExpirySeconds !== undefined && { messageExpiryInterval: messageExpirySeconds }),
  };
}

/** Header, topic, packet id, and room for the length of the properties and a topic alias. */
function sizeOf(topic: string, payload: Buffer): number {
  return 5 + 2 + Buffer.byteLength(topic) + 2 + 4 + 3 + payload.length;
}

function sizeOfProperties(message: Message, properties: OutboundProperties): number {
  const { userProperties = {}, contentType, responseTopic, correlationData } = properties;
  let bytes = 5;
  for (const name in userProperties) {
    bytes += 1 + stringSize(message, name) + stringSize(message, userProperties[name] ?? '');
  }
  if (contentType) bytes += 1 + stringSize(message, contentType);
  if (responseTopic !== undefined) bytes += 1 + stringSize(message, responseTopic);
  if (correlationData) bytes += 1 + stringSize(message, message.metadata.correlationId);
  return bytes;
}

/** MQTT.js would end the connection for a string that MQTT cannot carry, and so would a broker. */
function stringSize({ id }: Message, text: string): number {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_STRING_BYTES && !text.includes('\0')) return 2 + bytes;
  const limit = `above ${MAX_STRING_BYTES} bytes or with the character NUL`;
  throw new PluginError('INVALID_MESSAGE', `message ${id} has a header or property ${limit}`);
}

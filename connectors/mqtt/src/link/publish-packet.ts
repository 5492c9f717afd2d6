import type { OutboundProperties, OutboundPublish } from './packets.ts';

const PUBLISH = 0x30;
const TWO_BYTES = 2;
/** A byte that says what it is, its remaining length, the packet id, and the length of its properties. */
const MOST_NUMBERS = 1 + 4 + TWO_BYTES + 4;
/** UTF-8 has at most three bytes for each unit of UTF-16. */
const MOST_PER_UNIT = 3;
/** Identifiers of properties. */
const MESSAGE_EXPIRY_INTERVAL = 0x02;
const CONTENT_TYPE = 0x03;
const RESPONSE_TOPIC = 0x08;
const CORRELATION_DATA = 0x09;
const TOPIC_ALIAS = 0x23;
const USER_PROPERTY = 0x26;

/**
 * A PUBLISH as bytes, in one buffer. mqtt-packet makes some forty for each message, and puts them together then.
 * @param messageId for QoS 1 and 2
 * @throws RangeError for a text of more than 65,535 bytes
 */
export function encodePublish(
  { topic, payload, qos, retain, properties = {} }: OutboundPublish,
  messageId: number,
  protocolVersion: 4 | 5,
): Buffer {
  // The properties first, behind room for all that says how long they are.
  const room = MOST_NUMBERS + TWO_BYTES + topic.length * MOST_PER_UNIT;
  const buffer = Buffer.allocUnsafe(room + mostBytes(properties) + payload.length);
  const propertiesEnd = putProperties(buffer, room, properties);
  const propertyBytes = propertiesEnd - room;
  const topicBytes = Buffer.byteLength(topic);
  const idBytes = qos > 0 ? TWO_BYTES : 0;
  const lengthBytes = protocolVersion === 5 ? varintBytes(propertyBytes) : 0;
  const head = TWO_BYTES + topicBytes + idBytes + lengthBytes;
  const remaining = head + propertyBytes + payload.length;

  const start = room - head - varintBytes(remaining) - 1;
  buffer[start] = PUBLISH | (qos << 1) | (retain ? 1 : 0);
  let at = putVarint(buffer, start + 1, remaining);
  at = putText(buffer, at, topic);
  if (qos > 0) at = buffer.writeUInt16BE(messageId, at);
  if (protocolVersion === 5) putVarint(buffer, at, propertyBytes);
  payload.copy(buffer, propertiesEnd);
  return buffer.subarray(start, propertiesEnd + payload.length);
}

function mostBytes(properties: OutboundProperties): number {
  const { userProperties, contentType = '', responseTopic = '', correlationData } = properties;
  let units = contentType.length + responseTopic.length;
  let overhead = 5 + 3 + 3 + 3 + 3 + (correlationData?.length ?? 0);
  for (const name in userProperties) {
    units += name.length + (userProperties[name] ?? '').length;
    overhead += 1 + 2 * TWO_BYTES;
  }
  return units * MOST_PER_UNIT + overhead;
}

function putProperties(buffer: Buffer, start: number, properties: OutboundProperties): number {
  const { userProperties, contentType, responseTopic, correlationData } = properties;
  const { messageExpiryInterval, topicAlias } = properties;
  let at = start;
  for (const name in userProperties) {
    buffer[at] = USER_PROPERTY;
    at = putText(buffer, at + 1, name);
    at = putText(buffer, at, userProperties[name] ?? '');
  }
  if (contentType !== undefined) {
    buffer[at] = CONTENT_TYPE;
    at = putText(buffer, at + 1, contentType);
  }
  if (responseTopic !== undefined) {
    buffer[at] = RESPONSE_TOPIC;
    at = putText(buffer, at + 1, responseTopic);
  }
  if (correlationData !== undefined) {
    buffer[at] = CORRELATION_DATA;
    at = buffer.writeUInt16BE(correlationData.length, at + 1);
    at += correlationData.copy(buffer, at);
  }
  if (messageExpiryInterval !== undefined) {
    buffer[at] = MESSAGE_EXPIRY_INTERVAL;
    at = buffer.writeUInt32BE(messageExpiryInterval, at + 1);
  }
  if (topicAlias !== undefined) {
    buffer[at] = TOPIC_ALIAS;
    at = buffer.writeUInt16BE(topicAlias, at + 1);
  }
  return at;
}

function putText(buffer: Buffer, at: number, text: string): number {
  const bytes = buffer.write(text, at + TWO_BYTES);
  buffer.writeUInt16BE(bytes, at);
  return at + TWO_BYTES + bytes;
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20_0000 ? 3 : 4;
}

function putVarint(buffer: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80;
  buffer[at] = rest;
  return at + 1;
}

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from '@vrsky/runtime/plugin';
import type { InboundPublish, Properties } from '../link/packets.ts';
import type { TopicPattern } from './topic-pattern.ts';

/** Prefix of our own facts about a message; a sender's user property cannot pose as one. */
const OWN = 'mqtt.';
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-|$)/;
const NO_BYTES = Buffer.alloc(0);
const NO_PROPERTIES: Properties = {};
const PRINTABLE = /^[\x20-\x7e]{1,256}$/;

/**
 * A PUBLISH as a message: its payload byte for byte, its properties, and facts about it.
 * @throws Error if a property is not what MQTT says
 */
export function toMessage(
  packet: InboundPublish,
  defaultContentType: string,
  pattern: TopicPattern | undefined,
): IncomingMessage {
  const { payload, properties = NO_PROPERTIES } = packet;
  checkProperties(properties);
  const user = headersOf(properties);
  const correlation = correlationOf(properties, user);
  const { traceparent } = user;
  return {
    id: printable(user['message-id']) ?? printable(user['id']) ?? '',
    payload,
    contentType: contentTypeOf(properties) ?? defaultContentType,
    metadata: {
      correlationId: correlation?.id ?? '',
      traceId: (traceparent && TRACEPARENT.exec(traceparent)?.[1]) ?? '',
    },
    headers: addFacts(user, packet, correlation?.binary ?? false, pattern),
  };
}

function printable(text: string | undefined): string | undefined {
  return text && PRINTABLE.test(text) ? text : undefined;
}

/** The parser lets pass what has no value, and what comes twice and may not, as a list. */
function checkProperties(properties: Properties): void {
  if (properties === NO_PROPERTIES) return;
  const { contentType = '', responseTopic = '', userProperties = {} } = properties;
  const { correlationData = NO_BYTES, messageExpiryInterval = 0 } = properties;
  const isWell =
    typeof contentType === 'string' &&
    typeof responseTopic === 'string' &&
    Buffer.isBuffer(correlationData) &&
    typeof messageExpiryInterval === 'number' &&
    Object.values(userProperties).every((value) =>
      [value].flat().every((one) => typeof one === 'string'),
    );
  if (!isWell) throw new Error('a property of PUBLISH is malformed');
}

function contentTypeOf(properties: Properties): string | undefined {
  if (properties.contentType) return properties.contentType;
  return properties.payloadFormatIndicator ? 'text/plain; charset=utf-8' : undefined;
}

/** Defined, not set: a sender may call one `__proto__`. */
function headersOf({ userProperties = {} }: Properties): Record<string, string> {
  const theirs = Object.entries(userProperties).filter(([name]) => !name.startsWith(OWN));
  return Object.fromEntries(theirs.map(([name, value]) => [name, [value].flat().join('\n')]));
}

function correlationOf(
  { correlationData }: Properties,
  user: Record<string, string>,
): { id: string; binary: boolean } | undefined {
  if (correlationData && correlationData.length > 0) {
    const binary = !isUtf8(correlationData);
    return { id: correlationData.toString(binary ? 'base64' : 'utf8'), binary };
  }
  const id = user['correlation-id'];
  return id ? { id, binary: false } : undefined;
}

function addFacts(
  headers: Record<string, string>,
  { topic, qos, retain, dup, messageId, properties = {} }: InboundPublish,
  binaryCorrelation: boolean,
  pattern: TopicPattern | undefined,
): Record<string, string> {
  headers['mqtt.topic'] = topic;
  headers['mqtt.qos'] = String(qos);
  headers['mqtt.retain'] = String(retain);
  headers['mqtt.dup'] = String(dup);
  if (messageId) headers['mqtt.packet_id'] = String(messageId);
  const { responseTopic, messageExpiryInterval, subscriptionIdentifier } = properties;
  if (responseTopic) headers['mqtt.response_topic'] = responseTopic;
  if (messageExpiryInterval !== undefined) {
    headers['mqtt.expiry_s'] = String(messageExpiryInterval);
  }
  if (subscriptionIdentifier !== undefined) {
    headers['mqtt.subscription_ids'] = [subscriptionIdentifier].flat().join(',');
  }
  if (binaryCorrelation) headers['mqtt.correlation_encoding'] = 'base64';
  const params = pattern?.(topic);
  for (const name in params) headers[`mqtt.param.${name}`] = params[name] ?? '';
  return headers;
}

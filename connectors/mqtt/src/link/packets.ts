import type { IConnackPacket, IConnectPacket, IPublishPacket } from 'mqtt-packet';

const LARGEST_PACKET = 268_435_455;

export type Qos = 0 | 1 | 2;
export type InboundPublish = IPublishPacket & { readonly payload: Buffer };
export type Properties = NonNullable<IPublishPacket['properties']>;
export type Connack = IConnackPacket;

/** What CONNECT says, and what is wanted of the connection. */
export interface LinkOptions {
  readonly protocolVersion: 4 | 5;
  readonly clientId: string;
  readonly clean: boolean;
  readonly keepaliveSeconds: number;
  readonly connectTimeoutMs: number;
  readonly maximumPacketSize: number;
  readonly username?: string;
  readonly password?: string;
  /** Only with MQTT 5. */
  readonly properties?: { sessionExpiryInterval: number; receiveMaximum?: number };
  readonly will?: NonNullable<IConnectPacket['will']>;
  readonly autoTopicAlias: boolean;
  /**
   * Packet ids of QoS 2 that were answered with PUBREC and not released yet: what comes once more under
   * one of them, in the same session, is the same message. Kept from link to link.
   */
  readonly recorded: Set<number>;
}

export interface Subscription {
  readonly filter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: number;
  readonly subscriptionId?: number;
}

export interface OutboundPublish {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Only with MQTT 5. */
  readonly properties?: OutboundProperties;
}

export interface OutboundProperties {
  readonly userProperties?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
  /** Seconds. */
  readonly messageExpiryInterval?: number;
  readonly topicAlias?: number;
}

/** What a broker takes. */
export interface Limits {
  readonly receiveMaximum: number;
  readonly maximumPacketSize: number;
  readonly maximumQoS: number;
  readonly retainAvailable: boolean;
}

/** What is not in its CONNACK has the value that MQTT says. */
export function limitsOf(connack: Connack | undefined): Limits {
  const { receiveMaximum, maximumPacketSize, maximumQoS, retainAvailable } =
    connack?.properties ?? {};
  return {
    receiveMaximum: receiveMaximum ?? 65_535,
    // A broker may announce more than the length of a packet can say.
    maximumPacketSize: Math.min(maximumPacketSize ?? LARGEST_PACKET, LARGEST_PACKET),
    maximumQoS: maximumQoS ?? 2,
    retainAvailable: retainAvailable ?? true,
  };
}

import type { Packet } from 'mqtt-packet';

/** How a link ended, or why there is none. */
export type FaultKind =
  /** No connection was made, or it broke; `cause` has the system's code. */
  | 'network'
  /** The broker refused CONNECT; `code` is its reason code. */
  | 'refused'
  /** The broker sent DISCONNECT; `code` is its reason code. */
  | 'disconnected'
  /** The broker refused a subscription; `cause` is the error. */
  | 'subscription'
  /** The broker closed the connection without a word. */
  | 'closed'
  /** Nothing came from the broker for too long. */
  | 'silent'
  /** The broker sent what is not MQTT. */
  | 'protocol'
  /** The broker sent a packet above the limit. */
  | 'oversize'
  /** We closed it. */
  | 'left';

/** What happened, without a judgement: `errors.ts` says what it means. */
export class LinkFault extends Error {
  override readonly name = 'LinkFault';
  readonly kind: FaultKind;
  readonly code: number | undefined;

  constructor(kind: FaultKind, text: string, options: { code?: number; cause?: unknown } = {}) {
    super(text, { cause: options.cause });
    this.kind = kind;
    this.code = options.code;
  }
}

/** The end of the link that a packet of the broker tells of, if it does. */
export function faultIn(packet: Packet): LinkFault | undefined {
  if (packet.cmd === 'disconnect') {
    const code = packet.reasonCode ?? 0;
    return new LinkFault('disconnected', 'disconnected by the broker', { code });
  }
  const code = packet.cmd === 'connack' ? (packet.reasonCode ?? packet.returnCode) : undefined;
  return code ? new LinkFault('refused', 'refused by the broker', { code }) : undefined;
}

const PACKET_TOO_LARGE = 0x95;

/** The broker does not keep to the protocol; `cause` may carry a reason code. */
export function protocolFault(cause: Error): LinkFault {
  const { code } = cause as { code?: unknown };
  const kind = code === PACKET_TOO_LARGE ? 'oversize' : 'protocol';
  return new LinkFault(kind, cause.message, { cause });
}

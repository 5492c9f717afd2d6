/** A data message on its way through the pipeline. */
export interface Message {
  /** Unique, never empty. Stable over retries: destinations may use it as their idempotency key. */
  readonly id: string;
  /** The data, byte for byte. A view into the received bytes: copy it before you change it. */
  readonly payload: Uint8Array;
  /** MIME type of the payload. */
  readonly contentType: string;
  readonly metadata: MessageMetadata;
  /** Headers of the outside protocol; HTTP ones in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** When the message was created, in nanoseconds; made only when read. */
  readonly timestamp: Temporal.Instant | undefined;
}

/** Whose message it is, and how to trace it. An empty string means "not known". */
export interface MessageMetadata {
  readonly customerId: string;
  readonly tenantId: string;
  readonly integrationId: string;
  /** Id of the connector that received the message. */
  readonly source: string;
  /** Id of the connector that sends it. */
  readonly destination: string;
  readonly correlationId: string;
  /** 32 hex digits, as in a W3C traceparent. */
  readonly traceId: string;
}

/** What one successful Send gives back. */
export interface SendReceipt {
  /** The outside system's id for the message; `Message.id` if it gives none. */
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Uint8Array;
}

/** The host's answer to a caller that waits outside, such as the sender of a webhook. */
export interface Reply {
  /** Status in the outside protocol; 0 = the source's default. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Uint8Array;
}

/** Whose connection a process serves, as named by AttachHost. */
export interface Identity {
  readonly customerId: string;
  readonly tenantId: string;
  readonly integrationId: string;
}

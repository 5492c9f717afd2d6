import type { Message } from '@vrsky/runtime';
import { sizeOf } from '@vrsky/runtime';

/** The name of the connection that messages come in by. */
export const SOURCE = 'orders-in';

/** What every message says of whose it is. */
export const IDENTITY = {
  customerId: 'customer-000042-northwind',
  tenantId: 'tenant-7f3a91-eu',
  integrationId: 'integration-orders-to-billing',
};

/** All of a message but its time: the same as `messages.New` of the Go parts makes. */
export function messageParts(number: number, payload: Uint8Array): Omit<Message, 'timestamp'> {
  const id = idOf(number);
  return {
    id,
    payload,
    contentType: 'application/json',
    metadata: {
      ...IDENTITY,
      source: SOURCE,
      destination: 'billing-out',
      correlationId: id,
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    },
    headers: {
      'content-type': 'application/json',
      host: 'hooks.example.com',
      'idempotency-key': id,
      'user-agent': 'webhooks/2.4.1',
      'x-event': 'order.created',
    },
  };
}

/** 26 characters, as a ULID has. */
export function idOf(number: number): string {
  return number.toString(32).padStart(26, '0');
}

export function payloadOf(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => 32 + (i % 95));
}

/** What a message counts against frames and credits. */
export function messageBytes(payloadBytes: number): number {
  return payloadBytes + sizeOf(messageParts(0, new Uint8Array()));
}

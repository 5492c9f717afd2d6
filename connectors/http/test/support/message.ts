import type { Message } from '@vrsky/runtime';

export function messageOf(id: string, more: Partial<Message> = {}): Message {
  return {
    id,
    payload: Buffer.from(`payload of ${id}`),
    contentType: 'text/plain',
    metadata: {
      customerId: '',
      tenantId: '',
      integrationId: '',
      source: '',
      destination: '',
      correlationId: '',
      traceId: '',
    },
    headers: {},
    timestamp: undefined,
    ...more,
  };
}

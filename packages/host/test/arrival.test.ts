import type { Message } from '@vrsky/runtime';
import { expect, test } from 'vitest';
import { arrivalOf } from '../src/receive/arrival.ts';

const identity = { customerId: 'acme', tenantId: 'eu', integrationId: 'orders' };

function message(id: string, metadata: Partial<Message['metadata']> = {}): Message {
  return {
    id,
    payload: Uint8Array.of(1),
    contentType: 'text/plain',
    metadata: {
      customerId: '',
      tenantId: '',
      integrationId: '',
      source: '',
      destination: '',
      correlationId: '',
      traceId: '',
      ...metadata,
    },
    headers: {},
    timestamp: undefined,
  };
}

test('a connector that does not stamp gets its messages stamped', () => {
  const arrival = arrivalOf(message('a'), 'http-connector', identity);
  expect(arrival.failure).toBeUndefined();
  expect(arrival.message.metadata).toMatchObject({ ...identity, source: 'http-connector' });
});

test('without an identity any message is taken as it is', () => {
  const foreign = message('a', { customerId: 'other', source: 'in' });
  expect(arrivalOf(foreign, 'http-connector', undefined)).toEqual({ message: foreign });
});

test.each(['customerId', 'tenantId', 'integrationId'])(
  'a foreign %s makes it a dead letter',
  (key) => {
    const { failure } = arrivalOf(message('a', { [key]: 'evil' }), 'in', identity);
    expect(failure).toMatchObject({ code: 'TENANT_MISMATCH', recoverable: false });
    expect(failure?.message).not.toContain('evil');
  },
);

test('messages without an id are told apart', () => {
  const [one, two] = [message(''), message('')].map((each) => arrivalOf(each, 'in', undefined));
  expect(one?.message.id).not.toBe('');
  expect(one?.message.id).not.toBe(two?.message.id);
});

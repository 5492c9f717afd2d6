import type { Message } from '@vrsky/runtime';
import { describe, expect, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { slowly } from '../../../tools/testing/slowness.ts';
import { broker, client, listen } from './support/broker.ts';
import { messageOf, publishConfig, subscribeConfig } from './support/config.ts';
import { failureOf } from './support/failure.ts';
import { launch } from './support/process.ts';

const COUNT = 300;
const customers = ['customer-a', 'customer-b'];
const identityOf = (customerId: string) => ({
  customerId,
  tenantId: `tenant of ${customerId}`,
  integrationId: `integration of ${customerId}`,
});

function messageFor(customer: string, number: number): Message {
  const id = `${customer} ${number}`;
  const { metadata } = messageOf(id);
  return messageOf(id, { metadata: { ...metadata, ...identityOf(customer) } });
}

describe.runIf(needs('mosquitto'))('64: two customers at one broker, each under load,', () => {
  test('publish to topics of their own, and neither publishes for the other', async () => {
    const { url } = await broker({ config: ['max_queued_messages 0'] });
    const got = await listen(url, '#');
    const topic = '{{metadata.customerId}}/orders';
    const publishAll = async (customer: string): Promise<void> => {
      const config = publishConfig({ brokers: [url], topic, clientId: customer });
      const { node } = await launch(config, { identity: identityOf(customer) });
      const sending = Array.from({ length: COUNT }, (_, i) => node.send(messageFor(customer, i)));
      const other = customers.find((one) => one !== customer) ?? '';
      const foreign = await failureOf(node.send(messageFor(other, COUNT)));
      expect(foreign).toMatchObject({ code: 'TENANT_MISMATCH', recoverable: false });
      await Promise.all(sending);
    };
    await Promise.all(customers.map(publishAll));
    await expect.poll(() => got.length, { timeout: slowly(5000) }).toBe(2 * COUNT);
    for (const { topic: where, payload } of got) {
      const [customer = ''] = where.split('/');
      expect(payload.toString()).toMatch(new RegExp(`^payload of ${customer} \\d+$`));
    }
  });

  test('receive what is on topics of their own, as theirs, whatever the message says of itself', async () => {
    const { url } = await broker({ config: ['max_queued_messages 0'] });
    const receiveAll = async (customer: string): Promise<Message[]> => {
      const subscriptions = [{ filter: `${customer}/#` }];
      const config = subscribeConfig({ brokers: [url], subscriptions, clientId: `in ${customer}` });
      const { node } = await launch(config, { identity: identityOf(customer) });
      const sender = await client(url);
      const userProperties = { customerId: 'customer-c', 'customer-id': 'customer-c' };
      const sending = Array.from({ length: COUNT }, (_, i) =>
        sender.publishAsync(`${customer}/orders`, `${i}`, {
          qos: 1,
          properties: { userProperties },
        }),
      );
      const received: Message[] = [];
      while (received.length < COUNT) {
        const { message, deliveryId } = await node.receive({ timeoutMs: slowly(5000) });
        received.push(message);
        await node.acknowledge([{ deliveryId, outcome: 'ack' }]);
      }
      await Promise.all(sending);
      return received;
    };
    const received = await Promise.all(customers.map(receiveAll));
    for (const [i, customer] of customers.entries()) {
      for (const { metadata, headers } of received[i] ?? []) {
        expect(metadata).toMatchObject(identityOf(customer));
        expect(headers['mqtt.topic']).toBe(`${customer}/orders`);
      }
    }
  });
});

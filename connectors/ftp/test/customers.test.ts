import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Message } from '@vrsky/runtime';
import { describe, expect, test } from 'vitest';
import { needs } from '../../../tools/testing/require-program.ts';
import { slowly } from '../../../tools/testing/slowness.ts';
import { type Kind, messageOf, startOutside } from './support/connections.ts';
import { giveAway, names, put, read } from './support/files.ts';
import { launchPlugin } from './support/plugin.ts';

const COUNT = 60;
const customers = ['customer-a', 'customer-b'];
const identityOf = (customerId: string) => ({
  customerId,
  tenantId: `tenant of ${customerId}`,
  integrationId: `integration of ${customerId}`,
});

function messageFor(customer: string, number: number): Message {
  const message = messageOf(`${number}`, `${number} of ${customer}`);
  return { ...message, metadata: { ...message.metadata, ...identityOf(customer) } };
}

describe.runIf(needs('proftpd'))('43: two customers at one server, each under load,', () => {
  test.each<Kind>(['proftpd ftp', 'proftpd sftp'])(
    '%s: send to folders of their own, and neither sends for the other',
    async (kind) => {
      const outside = await startOutside(kind);
      const fileNameTemplate = '${metadata.customerId}/${id}';
      const sendAll = async (customer: string): Promise<void> => {
        const settings = { direction: 'outgoing', fileNameTemplate };
        const { node } = await launchPlugin(outside, settings, { identity: identityOf(customer) });
        const sending = Array.from({ length: COUNT }, (_, i) => node.send(messageFor(customer, i)));
        const other = customers.find((one) => one !== customer) ?? '';
        await expect(node.send(messageFor(other, COUNT))).rejects.toMatchObject({
          code: 'TENANT_MISMATCH',
          recoverable: false,
        });
        await Promise.all(sending);
      };
      await Promise.all(customers.map(sendAll));
      for (const customer of customers) {
        const folder = join(outside.drop, customer);
        expect(names(folder)).toHaveLength(COUNT);
        for (const name of names(folder)) {
          expect(read(folder, name).toString()).toBe(`${name} of ${customer}`);
        }
      }
    },
  );

  test.each<Kind>(['proftpd ftp', 'proftpd sftp'])(
    '%s: receive the files of folders of their own, as theirs',
    async (kind) => {
      const outside = await startOutside(kind);
      const receiveAll = async (customer: string): Promise<Message[]> => {
        const folder = join(outside.drop, customer);
        mkdirSync(folder);
        giveAway(folder, outside.drop);
        for (let i = 0; i < COUNT; i += 1)
          put(outside.drop, join(customer, `${i}`), `of ${customer}`);
        const settings = {
          ...{ direction: 'incoming', directory: `/drop/${customer}`, maxUnacked: 10 },
          ...{ stability: { checks: 0 }, pollIntervalMs: 50 },
        };
        const { node } = await launchPlugin(outside, settings, { identity: identityOf(customer) });
        const received: Message[] = [];
        while (received.length < COUNT) {
          const { message, deliveryId } = await node.receive({ timeoutMs: slowly(10_000) });
          received.push(message);
          await node.acknowledge([{ deliveryId, outcome: 'ack' }]);
        }
        return received;
      };
      const received = await Promise.all(customers.map(receiveAll));
      for (const [i, customer] of customers.entries()) {
        for (const { metadata, payload } of received[i] ?? []) {
          expect(metadata).toMatchObject(identityOf(customer));
          expect(Buffer.from(payload).toString()).toBe(`of ${customer}`);
        }
      }
    },
  );
});

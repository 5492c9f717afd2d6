import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { tempFolder } from './support/folder.ts';
import { startHost } from './support/host.ts';
import { scripted } from './support/integration.ts';
import { until } from './support/until.ts';

const identity = { customer: 'acme', tenant: 'acme-eu', integration: 'orders' };

test('each message received, sent, retried and dead is one line with whose it is, and no payload', async () => {
  const folder = tempFolder();
  const messages = [
    { id: 'fine', text: 'PAYLOAD-1' },
    { id: 'bad', text: 'PAYLOAD-2' },
  ];
  const outgoing = {
    settings: { failures: 2, error: { code: 'SERVER_ERROR' }, hopeless: ['bad'] },
    retry: { initialBackoff: '10ms' },
  };
  const host = await startHost(
    scripted(folder, { incoming: { settings: { messages } }, outgoing, more: { identity } }),
  );
  await until('one is delivered, one is dead', () => {
    return host.messages.length === 1 && host.alerts.length === 1;
  });
  await host.stop();
  // Those of the connectors have a module.
  const lines = host.log.filter(({ msg, module }) => !module && String(msg).startsWith('message '));
  const told = lines.map(({ msg, messageId, customer, integration }) => {
    return [String(msg).replace(/:.*/, ''), messageId, customer, integration];
  });
  const fine = ['fine', 'acme', 'orders'];
  expect(told.filter(([, id]) => id === 'fine')).toEqual([
    ['message received', ...fine],
    ['message retried', ...fine],
    ['message retried', ...fine],
    ['message sent', ...fine],
  ]);
  expect(told.filter(([, id]) => id === 'bad')).toEqual([
    ['message received', 'bad', 'acme', 'orders'],
    ['message dead', 'bad', 'acme', 'orders'],
  ]);
  // The first failure of a message is worth a line for an operator; the rest is detail.
  const levels = lines.filter(({ messageId }) => messageId === 'fine').map(({ level }) => level);
  expect(levels).toEqual([20, 40, 20, 20]);
  expect(JSON.stringify(host.log)).not.toContain('PAYLOAD');
});

test("a connection's log level reaches its connector, and no other", async () => {
  const folder = tempFolder();
  const says = (log?: string): object => ({ ...(log && { log }), settings: { says: 'hello' } });
  const log: Record<string, unknown>[] = [];
  const host = await startHost(scripted(folder, { incoming: says('trace'), outgoing: says() }), {
    log: pino({ level: 'warn' }, { write: (line) => log.push(JSON.parse(line)) }),
  });
  const heard = (connection: string): string[] =>
    log
      .filter((line) => line['connection'] === connection && String(line['msg']).endsWith(' hello'))
      .map(({ msg }) => String(msg).replace(': hello', ''));
  await until('both have spoken', () => {
    return ['orders-incoming', 'orders-outgoing'].every((one) => heard(one).includes('error'));
  });
  await until('both are up', () => host.connected.length === 2);
  expect(new Set(heard('orders-incoming'))).toEqual(
    new Set(['trace', 'debug', 'info', 'warn', 'error']),
  );
  expect(new Set(heard('orders-outgoing'))).toEqual(new Set(['warn', 'error']));
  const levelOf = (direction: string): string | undefined => {
    const pid = host.connected.find((event) => event.direction === direction)?.pid;
    return /VRSKY_LOG_LEVEL=(\w+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1];
  };
  expect([levelOf('incoming'), levelOf('outgoing')]).toEqual(['trace', 'warn']);
  await host.stop();
});

test('a credential that stands in the file is in no line, alert or dead letter, as it is or encoded', async () => {
  const folder = tempFolder();
  const secret = 'CANARY-literal-credential';
  const base64 = Buffer.from(`user:${secret}`).toString('base64');
  const host = await startHost(
    scripted(folder, {
      incoming: { settings: { messages: [{ id: 'a', text: 'a' }], says: `in ${secret}` } },
      outgoing: {
        credentials: { key: secret },
        settings: { failures: 1, error: { recoverable: false }, says: `out ${secret} ${base64}` },
      },
    }),
  );
  await until('it is dead', () => host.alerts.length === 1);
  await host.stop();
  const written = JSON.stringify([host.log, host.alerts, host.connected]);
  expect(written).toContain('[redacted]');
  expect(written).not.toContain('CANARY');
  expect(written).not.toContain(base64);
});

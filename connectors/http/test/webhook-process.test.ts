import type { ConnectorProcess } from '@vrsky/runtime/host';
import { describe, expect, test } from 'vitest';
import { makeTestCa } from '../../../tools/testing/certificates.ts';
import { slowly } from '../../../tools/testing/slowness.ts';
import { failureOf } from './support/failure.ts';
import { configOf, freePort, launchHttp } from './support/process.ts';
import { post } from './support/webhook.ts';

const local = { host: '127.0.0.1', port: 0 };
const event = { headers: { 'webhook-id': 'evt-1' } };

async function portOf({ node }: ConnectorProcess): Promise<number> {
  return Number((await node.health()).details['port']);
}

/** Takes one message and acks it. */
async function take({ node }: ConnectorProcess): Promise<string> {
  const { message, deliveryId } = await node.receive({ timeoutMs: 5000 });
  await node.acknowledge([{ deliveryId, outcome: 'ack' }]);
  return message.id;
}

test('a connector killed between the store of its host and the 2xx: the retry has the same id', async () => {
  const settings = { ...local, port: await freePort() };
  const first = await launchHttp();
  await first.node.connect(configOf('http-webhook', settings));
  const unanswered = post(settings.port, '/', 'x', event).catch((error: Error) => error);
  const stored = (await first.node.receive({ timeoutMs: 5000 })).message.id;
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  expect(await unanswered).toBeInstanceOf(Error);

  const second = await launchHttp();
  await second.node.connect(configOf('http-webhook', settings));
  const retry = post(settings.port, '/', 'x', event);
  expect(await take(second)).toBe(stored);
  expect((await retry).status).toBe(202);
});

test('Connect and Disconnect may be called twice, and again', async () => {
  const connector = await launchHttp();
  const config = configOf('http-webhook', local);
  for (let i = 0; i < 2; i++) {
    await connector.node.connect(config);
    const port = await portOf(connector);
    await connector.node.connect(config);
    expect(await portOf(connector)).toBe(port);
    await connector.node.disconnect();
    await connector.node.disconnect();
  }
});

test('Disconnect ends a blocked Receive at once; a cancelled Receive loses no message', async () => {
  const connector = await launchHttp();
  await connector.node.connect(configOf('http-webhook', local));
  const cancelled = new AbortController();
  const waiting = connector.node.receive({ signal: cancelled.signal });
  const answer = post(await portOf(connector), '/', 'x', event);
  cancelled.abort();
  await waiting.catch(() => {});
  expect(await take(connector)).toBe('evt-1');
  expect((await answer).status).toBe(202);

  const blocked = failureOf(connector.node.receive({ timeoutMs: 20_000 }));
  const started = performance.now();
  await connector.node.disconnect();
  expect(await blocked).toMatchObject({ code: 'NOT_CONNECTED' });
  expect(performance.now() - started).toBeLessThan(slowly(1000));
});

describe('a change of the configuration', () => {
  const ca = makeTestCa();

  test('keeps every request: what is in hand is answered, the new secret is taken on the same port', async () => {
    const settings = { ...local, port: await freePort(), auth: { bearer: {} } };
    const connector = await launchHttp();
    await connector.node.connect(configOf('http-webhook', settings, { bearer_tokens: 'old' }));
    const send = (token: string, id: string) =>
      post(settings.port, '/', 'x', {
        headers: { authorization: `Bearer ${token}`, 'webhook-id': id },
      });
    const inHand = send('old', 'evt-1');
    const { deliveryId } = await connector.node.receive({ timeoutMs: 5000 });

    const changed = configOf('http-webhook', settings, {
      bearer_tokens: 'new',
      bearer_tokens_previous: 'old',
    });
    expect(await connector.node.validate(changed)).toEqual([]);
    const disconnected = connector.node.disconnect({ timeoutMs: 5000 });
    await connector.node.acknowledge([{ deliveryId, outcome: 'ack' }]);
    await disconnected;
    expect((await inHand).status).toBe(202);

    await connector.node.connect(changed);
    for (const [token, id] of [
      ['old', 'evt-2'],
      ['new', 'evt-3'],
    ] as const) {
      const answer = send(token, id);
      expect(await take(connector)).toBe(id);
      expect((await answer).status).toBe(202);
    }
  });

  test('brings new certificates', async () => {
    const settings = { ...local, tls: {} };
    const connector = await launchHttp();
    const expiries = new Set<string | undefined>();
    for (const days of ['30', '60']) {
      const { cert, key } = ca.issueServer(undefined, ['-days', days]);
      const config = configOf('http-webhook', settings, { tls_cert: cert, tls_key: key });
      await connector.node.connect(config);
      expiries.add((await connector.node.health()).details['certificateExpires']);
      await connector.node.disconnect();
    }
    expect(expiries.size).toBe(2);
  });

  test('that cannot work is refused by Validate, and the connection goes on', async () => {
    const connector = await launchHttp();
    await connector.node.connect(configOf('http-webhook', local));
    const { cert } = ca.issueServer();
    const broken = configOf(
      'http-webhook',
      { ...local, tls: {} },
      { tls_cert: cert, tls_key: 'x' },
    );
    expect(await failureOf(connector.node.validate(broken))).toMatchObject({
      code: 'INVALID_CONFIG',
      field: 'credentials.tls_key',
    });
    const answer = post(await portOf(connector), '/', 'x', event);
    expect(await take(connector)).toBe('evt-1');
    expect((await answer).status).toBe(202);
  });
});

test('type http receives, or sends when it has a url', async () => {
  const receiver = await launchHttp();
  await receiver.node.connect(configOf('http', local));
  const sender = await launchHttp();
  const url = `http://127.0.0.1:${await portOf(receiver)}/orders`;
  await sender.node.connect(configOf('http', { url, ssrf: { allowPrivate: true } }));
  const sending = sender.node.send({
    ...{ id: 'm-1', payload: Buffer.from('x'), contentType: 'text/plain', headers: {} },
    metadata: {
      ...{ customerId: '', tenantId: '', integrationId: '', source: '', destination: '' },
      ...{ correlationId: '', traceId: '' },
    },
    timestamp: undefined,
  });
  await take(receiver);
  expect((await sending).messageId).toBe('m-1');
  const both = configOf('http', { url, port: 1 });
  expect(await failureOf(sender.node.validate(both))).toMatchObject({ code: 'INVALID_CONFIG' });
});

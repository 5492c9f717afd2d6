import { PluginError } from '@vrsky/runtime';
import { describe, expect, test } from 'vitest';
import { configOf, createGates, launchMemory, messageOf } from './fixtures/launch.ts';
import { spawnMemory } from './fixtures/raw-host.ts';

const milliseconds = (ms: number): Temporal.Duration =>
  Temporal.Duration.from({ milliseconds: ms });

/** How a send ended: what it gave, or the code of its error. */
async function outcomeOf(send: Promise<{ messageId: string }>): Promise<string> {
  return send.then(
    ({ messageId }) => messageId,
    (error: unknown) => (error instanceof PluginError ? error.code : String(error)),
  );
}

test('the first frame announces how many messages may be unanswered, and no other does', async () => {
  const host = (await spawnMemory()).session();
  await host.connect({ config: { id: '1', type: 'memory-out' } });
  const stream = host.sendStream();
  expect(await stream.next()).toMatchObject({ maxInFlight: 1024, results: [] });
  stream.send({ items: [{ seq: 0n, message: { id: 'a' } }] });
  stream.halfClose();
  expect(await stream.next()).toMatchObject({ maxInFlight: 0, results: [{ seq: 0n }] });
  expect(await stream.next()).toBeUndefined();
});

describe('each message', () => {
  test('is answered by itself: a failure concerns none of its neighbours', async () => {
    const { node } = await launchMemory();
    await node.connect(configOf('memory-out'));
    const stream = await node.sendStream();
    const messages = ['a', 'refused', 'bug', 'b'].map((text) => messageOf(text));
    const sends = [...messages, { ...messageOf('c'), id: '' }].map((one) => stream.send(one));
    expect(await Promise.all(sends.map(outcomeOf))).toEqual([
      'id-a',
      'SEND_FAILED',
      'INTERNAL',
      'id-b',
      'INVALID_MESSAGE',
    ]);
  });

  test('is answered as soon as it is done, in any order', async () => {
    const gates = createGates();
    const { node } = await launchMemory({}, gates);
    await node.connect(configOf('memory-out'));
    const stream = await node.sendStream();
    const slow = stream.send(messageOf('gate x'));
    expect((await stream.send(messageOf('a'))).messageId).toBe('id-a');
    gates.open('x');
    expect((await slow).messageId).toBe('id-gate x');
  });

  test('of somebody else is refused, and the others are sent', async () => {
    const identity = { customerId: 'acme', tenantId: 'acme-eu', integrationId: 'orders' };
    const { node } = await launchMemory({ identity });
    await node.connect(configOf('memory-out'));
    const stream = await node.sendStream();
    const foreign = stream.send(messageOf('a', { customerId: 'other' }));
    const own = stream.send(messageOf('b', { customerId: 'acme' }));
    expect(await Promise.all([foreign, own].map(outcomeOf))).toEqual(['TENANT_MISMATCH', 'id-b']);
  });

  test('fails with the typed error, and without credentials', async () => {
    const { node } = await launchMemory();
    const credentials = { password: 'hunter2-"quoted"' };
    await node.connect(configOf('memory-out', {}, { credentials }));
    const stream = await node.sendStream();
    await expect(stream.send(messageOf('refused'))).rejects.toMatchObject({
      code: 'SEND_FAILED',
      recoverable: true,
      rawMessage: 'refused with password [redacted]',
      reason: 'TEST',
      retryAfterMs: 1500,
    });
  });

  test('has its own time limit', async () => {
    const gates = createGates();
    const { node } = await launchMemory({}, gates);
    await node.connect(configOf('memory-out'));
    const stream = await node.sendStream();
    const late = stream.send(messageOf('gate x'), { timeoutMs: 50 });
    const patient = stream.send(messageOf('gate y'), { timeoutMs: 2 ** 40 });
    await expect(late).rejects.toMatchObject({
      code: 'TIMEOUT',
      recoverable: true,
      rawMessage: 'message id-gate x was not sent within 50 ms; its outcome is unknown',
    });
    gates.open('y');
    expect(await outcomeOf(patient)).toBe('id-gate y');
  });

  test("has the connection's time limit when it has none of its own", async () => {
    const { node } = await launchMemory({}, createGates());
    await node.connect(configOf('memory-out', {}, { timeout: milliseconds(50) }));
    const stream = await node.sendStream();
    expect(await outcomeOf(stream.send(messageOf('gate x')))).toBe('TIMEOUT');
  });
});

describe('a destination that takes messages together', () => {
  test.each([
    { maxBatch: 1, batches: '1, 1, 1, 1, 1' },
    { maxBatch: 2, batches: '2, 2, 1' },
    { maxBatch: 256, batches: '5' },
  ])('gets up to $maxBatch of a frame at once', async ({ maxBatch, batches }) => {
    const { node } = await launchMemory();
    await node.connect(configOf('memory-out', { maxBatch }));
    const stream = await node.sendStream();
    const sends = ['a', 'b', 'c', 'd', 'e'].map((text) => stream.send(messageOf(text)));
    const receipts = await Promise.all(sends);
    expect(receipts.map(({ messageId }) => messageId).join(' ')).toBe('id-a id-b id-c id-d id-e');
    expect((await node.health()).details['batches']).toBe(batches);
  });

  test.each([
    ['answers for fewer messages than it got', { forgets: 1 }, ['a', 'b', 'c']],
    ['throws', {}, ['a', 'bug', 'c']],
  ])('fails the whole batch, and no other, when it %s', async (_, settings, texts) => {
    const { node } = await launchMemory();
    await node.connect(configOf('memory-out', { maxBatch: 3, ...settings }));
    const stream = await node.sendStream();
    const other = stream.send(messageOf('refused'));
    await other.catch(() => {});
    const sends = texts.map((text) => stream.send(messageOf(text)));
    expect(await Promise.all(sends.map(outcomeOf))).toEqual(['INTERNAL', 'INTERNAL', 'INTERNAL']);
  });

  test('has the messages of one customer in each batch', async () => {
    const { node } = await launchMemory();
    await node.connect(configOf('memory-out', { maxBatch: 3 }));
    const stream = await node.sendStream();
    const customers = ['a', 'a', 'b', '', '', '', '', 'b'];
    const sends = customers.map((customerId, i) => stream.send(messageOf(`${i}`, { customerId })));
    await Promise.all(sends);
    expect((await node.health()).details['batches']).toBe('2, 1, 3, 1, 1');
  });

  test('answers those of a batch whose time is over, and the rest when it is done', async () => {
    const gates = createGates();
    const { node } = await launchMemory({}, gates);
    await node.connect(configOf('memory-out', { maxBatch: 2 }));
    const stream = await node.sendStream();
    const late = stream.send(messageOf('a'), { timeoutMs: 50 });
    const patient = stream.send(messageOf('gate x'));
    expect(await outcomeOf(late)).toBe('TIMEOUT');
    gates.open('x');
    expect(await outcomeOf(patient)).toBe('id-gate x');
  });
});

describe('when the stream breaks', () => {
  test('what was under way is told to the destination, and a new stream works', async () => {
    const gates = createGates();
    const { node } = await launchMemory({}, gates);
    await node.connect(configOf('memory-out'));
    const cancel = new AbortController();
    const stream = await node.sendStream({ signal: cancel.signal });
    const send = stream.send(messageOf('gate x'));
    await gates.reached('x');
    cancel.abort();
    await expect(send).rejects.toMatchObject({ name: 'AbortError' });
    await stream.closed;
    await expect.poll(async () => (await node.health()).details['aborted']).toBe('gate x');
    const again = await node.sendStream();
    expect((await again.send(messageOf('a'))).messageId).toBe('id-a');
  });

  test('another stream and unary sends go on', async () => {
    const gates = createGates();
    const { node } = await launchMemory({}, gates);
    await node.connect(configOf('memory-out'));
    const cancel = new AbortController();
    const breaking = await node.sendStream({ signal: cancel.signal });
    const other = await node.sendStream();
    const lost = breaking.send(messageOf('gate x'));
    const kept = [other.send(messageOf('gate y')), node.send(messageOf('gate y'))];
    await Promise.all([gates.reached('x'), gates.reached('y')]);
    cancel.abort();
    await expect(lost).rejects.toMatchObject({ name: 'AbortError' });
    gates.open('y');
    expect(await Promise.all(kept.map(outcomeOf))).toEqual(['id-gate y', 'id-gate y']);
  });
});

describe('at Disconnect', () => {
  test('what is under way is still answered, then the stream ends', async () => {
    const gates = createGates();
    const { node } = await launchMemory({}, gates);
    await node.connect(configOf('memory-out'));
    const stream = await node.sendStream();
    const underWay = stream.send(messageOf('gate x'));
    await gates.reached('x');
    const disconnected = node.disconnect();
    // It takes no more from the moment on that Disconnect begins.
    await expect.poll(() => outcomeOf(stream.send(messageOf('a')))).toBe('NOT_CONNECTED');
    gates.open('x');
    expect(await outcomeOf(underWay)).toBe('id-gate x');
    await disconnected;
    await stream.closed;
    expect(await outcomeOf(stream.send(messageOf('a')))).toBe('NOT_CONNECTED');
    expect(await node.sendStream().catch((error: unknown) => error)).toMatchObject({
      code: 'NOT_CONNECTED',
    });
  });

  test('what is not done by its deadline is aborted, and answered', async () => {
    const gates = createGates();
    const { node } = await launchMemory({}, gates);
    await node.connect(configOf('memory-out'));
    const stream = await node.sendStream();
    const underWay = stream.send(messageOf('gate x')).catch((error: unknown) => error);
    await gates.reached('x');
    await node.disconnect({ timeoutMs: 1000 });
    expect(await underWay).toMatchObject({
      code: 'CONNECTION_FAILED',
      recoverable: true,
      reason: 'DISCONNECTED',
      rawMessage: expect.stringContaining('outcome is unknown'),
    });
    await stream.closed;
  });
});

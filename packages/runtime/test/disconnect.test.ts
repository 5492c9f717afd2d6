import type { ConnectionConfig } from '@vrsky/runtime';
import { expect, test } from 'vitest';
import { configOf, createGates, launchMemory, messageOf } from './fixtures/launch.ts';

/** A second, on a machine that may be four times slower. */
const IN_TIME_MS = 8000;
const timeout = Temporal.Duration.from({ seconds: 1 });

async function durationOf(work: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work;
  return performance.now() - began;
}

/** Receives from a source whose `stop` waits until the message is acked, which it never is. */
async function holdingOne(settings: ConnectionConfig['settings']) {
  const { node } = await launchMemory();
  const all = { messages: ['a'], drains: true, ...settings };
  await node.connect(configOf('memory-in', all, { timeout }));
  await node.receive({ timeoutMs: 15_000 });
  return node;
}

test.each([
  ['that waits for an ack', {}],
  ['that never stops', { stuck: true }],
])("Disconnect of a source %s ends by the connection's timeout", async (_, settings) => {
  const node = await holdingOne(settings);
  expect(await durationOf(node.disconnect())).toBeLessThan(IN_TIME_MS);
  // Another connection may follow.
  await node.connect(configOf('memory-in', { messages: ['a'] }));
  expect((await node.receive()).message.id).toBe('id-a');
});

test("Disconnect ends before the caller's deadline, and resolves", async () => {
  const { node } = await launchMemory();
  await node.connect(configOf('memory-in', { messages: ['a'], drains: true }));
  await node.receive();
  // The timeout is the default of 30 s.
  expect(await durationOf(node.disconnect({ timeoutMs: 2000 }))).toBeLessThan(IN_TIME_MS);
});

test("Disconnect aborts the sends that outlast the connection's timeout, and says what is known of them", async () => {
  const gates = createGates();
  const { node } = await launchMemory({}, gates);
  await node.connect(
    configOf('memory-out', {}, { timeout: Temporal.Duration.from({ seconds: 3 }) }),
  );
  const stream = await node.sendStream();
  const underWay = stream.send(messageOf('gate x'), { timeoutMs: 20_000 }).catch((error) => error);
  await gates.reached('x');
  expect(await durationOf(node.disconnect())).toBeLessThan(IN_TIME_MS);
  expect(await underWay).toMatchObject({
    code: 'CONNECTION_FAILED',
    reason: 'DISCONNECTED',
    recoverable: true,
    rawMessage: expect.stringContaining('its outcome is unknown'),
  });
});

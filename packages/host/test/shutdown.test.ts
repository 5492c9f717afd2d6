import { expect, test } from 'vitest';
import { tempFolder } from './support/folder.ts';
import { startHost } from './support/host.ts';
import { journal, scripted, webhookTo } from './support/integration.ts';
import { startSink } from './support/sink.ts';
import { until } from './support/until.ts';

const MESSAGES = [
  { id: 'a', text: 'a' },
  { id: 'b', text: 'b' },
];

test('a send under way may finish; what waits stays stored, and is sent first the next time', async () => {
  const folder = tempFolder();
  const release = Promise.withResolvers<void>();
  const { url, received } = await startSink(async (response) => {
    await release.promise;
    response.end();
  });
  const file = webhookTo(folder, url);
  const host = await startHost(file);
  const port = await host.port();
  for (const body of ['a', 'b']) await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body });
  await until('the first is under way', () => received.length === 1);
  const stopped = host.stop();
  await until('the webhook is closed', () =>
    host.log.some(({ msg, connection }) => {
      return msg === 'plugin process exited' && connection === 'orders-incoming';
    }),
  );
  release.resolve();
  await stopped;
  expect(host.messages.map(({ bytes }) => bytes)).toEqual([1]);
  expect(received.length).toBe(1);

  const again = await startHost(file);
  await until('the second is delivered', () => again.messages.length === 1);
  expect(received.map(({ body }) => body.toString())).toEqual(['a', 'b']);
  await again.stop();
});

test('in a hurry, a send under way is given up; its message comes again with its attempts', async () => {
  const folder = tempFolder();
  const sides = {
    incoming: { settings: { messages: MESSAGES } },
    outgoing: { settings: { failures: 1, failure: 'hang' }, retry: { maxRetries: 0 } },
  };
  const host = await startHost(scripted(folder, sides));
  await until('a send hangs', () => journal(folder, 'out').includes('send a'));
  const begun = performance.now();
  await host.hurry();
  expect(performance.now() - begun).toBeLessThan(5000);
  expect(host.alerts).toEqual([]);

  // Given up is not an attempt: it would be dead otherwise.
  const again = await startHost(scripted(folder, { ...sides, incoming: {} }));
  await until('a is delivered', () => again.messages.some(({ id }) => id === 'a'));
  await again.stop();
});

test('attempts of an earlier run count', async () => {
  const folder = tempFolder();
  const outgoing = { settings: { failures: 9 }, retry: { maxRetries: 1, initialBackoff: '1m' } };
  const incoming = { settings: { messages: MESSAGES.slice(0, 1) } };
  const host = await startHost(scripted(folder, { incoming, outgoing }));
  await until('the first attempt failed', () =>
    host.log.some(({ msg }) => String(msg).startsWith('message retried')),
  );
  await host.stop();
  expect(host.alerts).toEqual([]);

  const again = await startHost(scripted(folder, { outgoing }));
  await until('it is dead', () => again.alerts.length === 1);
  expect(again.alerts).toMatchObject([{ kind: 'dead-letter', messageId: 'a', attempts: 2 }]);
  await again.stop();
});

test('a run that is stopped while it starts leaves nothing', async () => {
  const host = await startHost(scripted(tempFolder(), {}));
  await host.stop();
  expect(host.connected).toEqual([]);
});

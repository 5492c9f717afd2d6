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
const incoming = { settings: { messages: MESSAGES } };

function sends(folder: string, id: string): number {
  return journal(folder, 'out').filter((line) => line === `send ${id}`).length;
}

test('without retry, messages outlive an outage longer than any retries; bad data dies at once', async () => {
  const answers: number[] = [];
  const { url } = await startSink((response, { body }) => {
    const isDown = answers.length < 4;
    answers.push(isDown ? 503 : body.toString() === 'bad' ? 422 : 200);
    response.writeHead(answers.at(-1) as number).end();
  });
  // No retry, and a circuit breaker that would need a test of its own.
  const settings = { url, ssrf: { allowPrivate: true }, circuitBreaker: { enabled: false } };
  const file = webhookTo(tempFolder(), url, { outgoing: { retry: undefined, settings } });
  const host = await startHost(file);
  const port = await host.port();
  for (const body of ['first', 'bad', 'last']) {
    await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body });
  }
  await until('the good ones are delivered', () => host.messages.length === 2, 60_000);
  // Four attempts would be the policy's.
  expect(answers).toEqual([503, 503, 503, 503, 200, 422, 200]);
  expect(host.alerts).toMatchObject([{ kind: 'dead-letter', code: 'SEND_FAILED', attempts: 1 }]);
  await host.stop();
}, 90_000);

test('an outage above outageLimit ends as a dead letter; the limit counts over restarts', async () => {
  const folder = tempFolder();
  const outgoing = {
    settings: { failures: 99, error: { code: 'SERVER_ERROR' } },
    outageLimit: '2s',
  };
  const host = await startHost(scripted(folder, { incoming, outgoing }));
  await until('it was tried', () => sends(folder, 'a') === 1);
  await host.stop();
  const again = await startHost(scripted(folder, { outgoing }));
  await until('both are dead', () => again.alerts.length === 2);
  expect(again.alerts).toMatchObject([
    { messageId: 'a', code: 'SERVER_ERROR' },
    { messageId: 'b', code: 'SERVER_ERROR' },
  ]);
  await again.stop();
});

test('NOT_CONNECTED counts as any failure, connects again and restarts nothing', async () => {
  const folder = tempFolder();
  const outgoing = {
    settings: { failures: 99, error: { code: 'NOT_CONNECTED' } },
    retry: { maxRetries: 1, initialBackoff: '10ms' },
  };
  const host = await startHost(scripted(folder, { incoming, outgoing }));
  await until('both are dead', () => host.alerts.length === 2);
  expect(host.alerts).toMatchObject([
    { messageId: 'a', code: 'NOT_CONNECTED', attempts: 2 },
    { messageId: 'b', code: 'NOT_CONNECTED', attempts: 2 },
  ]);
  expect(host.connected.filter(({ direction }) => direction === 'outgoing').length).toBe(1);
  await host.stop();
});

test('NOT_CONNECTED that is final is a dead letter after one attempt', async () => {
  const folder = tempFolder();
  const error = { code: 'NOT_CONNECTED', recoverable: false };
  const outgoing = { settings: { failures: 1, error }, retry: { maxRetries: 9 } };
  const host = await startHost(scripted(folder, { incoming, outgoing }));
  await until('the others are delivered', () => host.alerts.length === 2);
  expect(host.alerts).toMatchObject([
    { messageId: 'a', attempts: 1 },
    { messageId: 'b', attempts: 1 },
  ]);
  await host.stop();
});

test('an open circuit uses up no attempt: the endpoint sees every one of them', async () => {
  let answered = 0;
  const { url } = await startSink((response) => {
    answered += 1;
    response.writeHead(answered <= 5 ? 500 : 200).end();
  });
  const circuitBreaker = { minRequests: 2, failureRatio: 0.5, openMs: 1500 };
  const file = webhookTo(tempFolder(), url, {
    outgoing: {
      settings: { url, ssrf: { allowPrivate: true }, circuitBreaker },
      retry: { maxRetries: 3, initialBackoff: '200ms', maxBackoff: '200ms' },
    },
  });
  const host = await startHost(file);
  const port = await host.port();
  for (const body of ['a', 'b']) await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body });
  await until('b is delivered', () => host.messages.length === 1, 60_000);
  expect(host.alerts).toMatchObject([{ kind: 'dead-letter', attempts: 4, code: 'SERVER_ERROR' }]);
  // Four attempts at a, two at b.
  expect(answered).toBe(6);
  expect(JSON.stringify(host.log)).toContain('settings.circuitBreaker');
  await host.stop();
}, 90_000);

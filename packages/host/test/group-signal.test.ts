import { expect, test } from 'vitest';
import { vrskyHost } from './support/cli.ts';
import { tempFolder } from './support/folder.ts';
import { webhookTo } from './support/integration.ts';
import { startSink } from './support/sink.ts';
import { until } from './support/until.ts';

/** Longer than a connector that ends by itself gives what is under way. */
const SLOW_MS = 3000;

test('SIGTERM to the whole group, as systemd sends it, lets the send under way finish', async () => {
  const stopping = Promise.withResolvers<void>();
  const { url, received } = await startSink(async (response) => {
    await stopping.promise;
    setTimeout(() => response.end('ok'), SLOW_MS);
  });
  const { child, output, ended } = vrskyHost([
    'run',
    webhookTo(tempFolder(), url),
    '--log-level',
    'debug',
  ]);
  const port = await until('both are up', () => {
    const isUp = output.err.includes('outgoing is up');
    return isUp && /"port":"(\d+)"/.exec(output.err)?.[1];
  });
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'slow' });
  expect(answer.status).toBe(202);
  await until('the send is under way', () => received.length === 1);
  process.kill(-(child.pid as number), 'SIGTERM');
  await until('the host stops', () => output.err.includes('SIGTERM: stopping'));
  stopping.resolve();
  const { status, err } = await ended;
  expect(status).toBe(0);
  const own = err
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ module, attempts }) => module === undefined && attempts !== undefined);
  expect(own.map(({ msg }) => msg)).toEqual(['message sent']);
  expect(received.length).toBe(1);
});

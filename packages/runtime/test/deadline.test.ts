import { getEventListeners } from 'node:events';
import { Type } from 'typebox';
import { expect, test } from 'vitest';
import { abortable } from '../src/plugin/abortable.ts';
import type { Connector } from '../src/plugin/connector.ts';
import { withDeadline } from '../src/plugin/deadline.ts';
import { Lifecycle } from '../src/plugin/lifecycle.ts';
import { configOf } from './fixtures/launch.ts';

const late = (): Error => new Error('too late');
const endless = (signal: AbortSignal): Promise<never> => abortable(new Promise(() => {}), signal);

test('work is told to end by its limit, or by any of its callers', async () => {
  const { signal } = new AbortController();
  await expect(withDeadline(10, [signal], late, endless)).rejects.toThrow('too late');
  const caller = new AbortController();
  const cancelled = withDeadline(60_000, [signal, caller.signal], late, endless);
  caller.abort(new Error('cancelled'));
  await expect(cancelled).rejects.toThrow('cancelled');
});

test('nothing of a finished call stays: no timer, no listener', async () => {
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  const { signal } = new AbortController();
  const before = timers();
  await withDeadline(60_000, [signal], late, async () => {});
  await expect(
    withDeadline(60_000, [signal], late, async () => Promise.reject(new Error('failed'))),
  ).rejects.toThrow('failed');
  expect(timers()).toBe(before);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a limit above what a timer can hold does not end at once', async () => {
  const { signal } = new AbortController();
  const work = new Promise((resolve) => setImmediate(() => setImmediate(resolve, 'done')));
  expect(await withDeadline(2 ** 40, [signal], late, () => work)).toBe('done');
});

test('what comes up after Connect was cancelled is stopped again', async () => {
  const comesUp = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const connector: Connector = {
    metadata: {
      id: 'slow',
      name: 'slow',
      version: '0.0.0',
      description: '',
      author: '',
      documentation: '',
      capabilities: [],
    },
    outgoing: {
      types: ['slow'],
      settings: Type.Object({}),
      destination: () => ({
        start: () => {
          begun.resolve();
          return comesUp.promise;
        },
        send: async () => [{}],
        stop: async () => stopped.resolve(),
      }),
    },
  };
  const nobody = { identity: undefined, functions: undefined };
  const lifecycle = new Lifecycle(connector, {} as never, nobody);
  const cancel = new AbortController();
  const connecting = lifecycle.connect(configOf('slow'), cancel.signal);
  await begun.promise;
  cancel.abort(new Error('cancelled'));
  await expect(connecting).rejects.toThrow('cancelled');
  comesUp.resolve();
  await stopped.promise;
  await expect(lifecycle.health(new AbortController().signal)).rejects.toMatchObject({
    code: 'NOT_CONNECTED',
  });
});

import { join } from 'node:path';
import type { StateStore } from '@vrsky/runtime/host';
import { expect, onTestFinished, test } from 'vitest';
import { openStore } from '../src/store/store.ts';
import { tempFolder } from './support/folder.ts';

function open(path = join(tempFolder(), 'orders.db')) {
  const limits = { maxMessages: 10, maxBytes: 1000, retentionMs: 1000 };
  const store = openStore({ path, ...limits }, () => {});
  return { path, store, state: store.state('orders-in') };
}

function openForTest(): StateStore {
  const { store, state } = open();
  onTestFinished(() => store.close());
  return state;
}

test('an absent key has revision 0, each write the next one', async () => {
  const state = openForTest();
  expect(await state.get('cursor')).toEqual({ value: new Uint8Array(), revision: 0n });
  expect(await state.put('cursor', Uint8Array.of(0, 255), 0n)).toBe(1n);
  expect(await state.put('cursor', Uint8Array.of(7), 1n)).toBe(2n);
  expect(await state.get('cursor')).toEqual({ value: Uint8Array.of(7), revision: 2n });
});

test('a stale revision is a conflict and changes nothing', async () => {
  const state = openForTest();
  await state.put('cursor', Uint8Array.of(1), 0n);
  for (const stale of [0n, 2n]) {
    const writing = state.put('cursor', Uint8Array.of(9), stale);
    await expect(writing).rejects.toMatchObject({ code: 'STATE_CONFLICT', recoverable: false });
  }
  expect((await state.get('cursor')).value).toEqual(Uint8Array.of(1));
});

test('values stay over a restart and belong to one connection', async () => {
  const { path, store, state } = open();
  await state.put('cursor', Uint8Array.of(1), 0n);
  expect((await store.state('orders-out').get('cursor')).revision).toBe(0n);
  store.close();
  const again = open(path);
  onTestFinished(() => again.store.close());
  expect((await again.state.get('cursor')).revision).toBe(1n);
});

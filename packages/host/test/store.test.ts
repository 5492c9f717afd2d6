import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Message, PluginError } from '@vrsky/runtime';
import { expect, onTestFinished, test } from 'vitest';
import type { StoreSettings } from '../src/config/integration.ts';
import { listDeadLetters } from '../src/store/dead-letters.ts';
import { openStore, type Store } from '../src/store/store.ts';
import { tempFolder } from './support/folder.ts';

const BYTES = Uint8Array.from({ length: 256 }, (_, index) => index);

function settingsIn(folder: string, more: Partial<StoreSettings> = {}): StoreSettings {
  const path = join(folder, 'orders.db');
  return { path, maxMessages: 1000, maxBytes: 1_000_000, retentionMs: 60_000, ...more };
}

function open(settings: StoreSettings): Store {
  const store = openStore(settings, (error) => {
    throw error;
  });
  let closed = false;
  const close = (): void => {
    if (!closed) store.close();
    closed = true;
  };
  onTestFinished(close);
  return { ...store, close };
}

function message(id: string, payload: Uint8Array = BYTES): Message {
  const metadata = {
    customerId: 'acme',
    tenantId: '',
    integrationId: '',
    source: 'in',
    destination: '',
    correlationId: 'c-1',
    traceId: '',
  };
  const timestamp = Temporal.Instant.from('2026-01-02T03:04:05.678901234Z');
  return { id, payload, contentType: 'text/plain', metadata, headers: { a: 'ü"' }, timestamp };
}

async function add({ queue }: Store, ...messages: Message[]): Promise<string[]> {
  for (const _ of messages) await queue.reserve(AbortSignal.timeout(1000));
  return queue.add(messages.map((one) => ({ message: one })));
}

const never = new AbortController().signal;

test('messages come out in the order in which they came in, whole', async () => {
  const store = open(settingsIn(tempFolder()));
  await add(store, message('b'), message('a'));
  await add(store, message('c'));
  const [first, second, third] = [
    await store.queue.take(never),
    await store.queue.take(never),
    await store.queue.take(never),
  ];
  expect([first, second, third].map((one) => one.message.id)).toEqual(['b', 'a', 'c']);
  expect(first.message).toEqual(message('b'));
  expect(first.progress).toEqual({ attempts: 0, outages: 0, outageSince: undefined });
});

test('a message is there again after a restart, with what was tried already', async () => {
  const settings = settingsIn(tempFolder());
  const before = open(settings);
  await add(before, message('a'), message('b'));
  before.queue.delivered(await before.queue.take(never));
  const progress = { attempts: 3, outages: 2, outageSince: 1_700_000_000_000 };
  before.queue.attempted(await before.queue.take(never), progress);
  before.close();
  const after = open(settings);
  const taken = await after.queue.take(never);
  expect(taken.message).toEqual(message('b'));
  expect(taken.progress).toEqual(progress);
});

test('a store of version 1 is taken over with its messages', async () => {
  const settings = settingsIn(tempFolder());
  const old = new DatabaseSync(settings.path);
  old.exec(`
    CREATE TABLE messages (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, envelope TEXT NOT NULL,
      payload BLOB NOT NULL, bytes INTEGER NOT NULL, received_at INTEGER NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0, failed_at INTEGER, expires_at INTEGER,
      error_code TEXT, error_text TEXT
    ) STRICT;
    CREATE INDEX dead_letters ON messages (expires_at) WHERE failed_at IS NOT NULL;
    CREATE TABLE state (
      connection TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, revision INTEGER NOT NULL,
      PRIMARY KEY (connection, key)
    ) STRICT;
    INSERT INTO messages (id, envelope, payload, bytes, received_at, attempts)
      VALUES ('old', '{"contentType":"a/b","metadata":{},"headers":{}}', x'01', 1, 5, 2);
    PRAGMA user_version = 1;
  `);
  old.close();
  const store = open(settings);
  const taken = await store.queue.take(never);
  expect(taken).toMatchObject({ message: { id: 'old' }, receivedAt: 5 });
  expect(taken.progress).toEqual({ attempts: 2, outages: 0, outageSince: undefined });
  const progress = { attempts: 3, outages: 1, outageSince: 7 };
  store.queue.attempted(taken, progress);
  store.close();
  expect((await open(settings).queue.take(never)).progress).toEqual(progress);
});

test('an id that waits or is dead is not stored twice', async () => {
  const settings = settingsIn(tempFolder());
  const store = open(settings);
  await add(store, message('dead'), message('waits'));
  store.queue.bury(await store.queue.take(never), new PluginError('SEND_FAILED', 'no'), 1);
  expect(await add(store, message('waits'), message('dead'), message('new'))).toEqual([
    'waits',
    'dead',
  ]);
  expect((await store.queue.take(never)).message.id).toBe('waits');
  expect((await store.queue.take(never)).message.id).toBe('new');
  await expect(store.queue.take(AbortSignal.timeout(20))).rejects.toThrow(/timeout/);
});

test('a dead letter keeps its payload byte for byte, is listed while the store is in use, and is purged', async () => {
  const settings = settingsIn(tempFolder(), { retentionMs: 0 });
  const store = open(settings);
  await add(store, message('a'));
  const failure = new PluginError('SEND_FAILED', 'answered 400', { recoverable: false });
  store.queue.bury(await store.queue.take(never), failure, 3);
  expect(listDeadLetters(settings.path)).toEqual([
    {
      id: 'a',
      bytes: 256,
      contentType: 'text/plain',
      code: 'SEND_FAILED',
      text: 'answered 400',
      attempts: 3,
      receivedAt: expect.any(Temporal.Instant),
      failedAt: expect.any(Temporal.Instant),
      expiresAt: expect.any(Temporal.Instant),
    },
  ]);
  const db = new DatabaseSync(settings.path);
  expect(db.prepare('SELECT payload FROM messages').get()?.['payload']).toEqual(BYTES);
  db.close();
  expect(store.queue.purge()).toBe(1);
  expect(listDeadLetters(settings.path)).toEqual([]);
});

test('a full store makes the next message wait until there is room, by count and by bytes', async () => {
  for (const limit of [{ maxMessages: 2 }, { maxBytes: 300 }]) {
    const store = open(settingsIn(tempFolder(), limit));
    await add(store, message('a'), ...('maxMessages' in limit ? [message('b')] : []));
    await expect(store.queue.reserve(AbortSignal.timeout(20))).rejects.toThrow(/timeout/);
    const waiting = store.queue.reserve(AbortSignal.timeout(1000));
    store.queue.delivered(await store.queue.take(never));
    await waiting;
  }
});

test('room that is reserved counts, and comes back when released', async () => {
  const { queue } = open(settingsIn(tempFolder(), { maxMessages: 1 }));
  await queue.reserve(never);
  const waiting = queue.reserve(AbortSignal.timeout(1000));
  queue.release();
  await waiting;
});

test('nobody but the owner can read any of its files, whatever the umask and the mode before', async () => {
  const folder = tempFolder();
  const settings = settingsIn(folder);
  writeFileSync(settings.path, '', { mode: 0o666 });
  const umask = process.umask(0);
  try {
    await add(open(settings), message('a'));
  } finally {
    process.umask(umask);
  }
  const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777);
  expect(modes.length).toBeGreaterThanOrEqual(4); // the file, -wal, -shm, -lock
  expect(new Set(modes)).toEqual(new Set([0o600]));
});

test('a second host is refused, and may have the file when the first is gone', async () => {
  const settings = settingsIn(tempFolder());
  const first = open(settings);
  expect(() => open(settings)).toThrow(/orders\.db is in use by another host/);
  first.close();
  open(settings);
});

test('a host that was killed holds nothing', async () => {
  const settings = settingsIn(tempFolder());
  const storeModule = new URL('../src/store/store.ts', import.meta.url).href;
  const code = `const { openStore } = await import(${JSON.stringify(storeModule)});
    openStore(${JSON.stringify(settings)}, () => {});
    console.log('open'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--conditions=vrsky:source', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  expect(() => open(settings)).toThrow(/in use/);
  child.kill('SIGKILL');
  await once(child, 'exit');
  open(settings);
});

test('a file that is no store, or a newer one, is left alone', async () => {
  const settings = settingsIn(tempFolder());
  writeFileSync(settings.path, 'not a database, but quite a long text'.repeat(100));
  expect(() => open(settings)).toThrow(/orders\.db cannot be opened: file is not a database/);

  const newer = settingsIn(tempFolder());
  const db = new DatabaseSync(newer.path);
  db.exec('PRAGMA user_version = 99');
  db.close();
  expect(() => open(newer)).toThrow(/written by a newer version/);
});

test('a store in a folder that is not there is an error that names it', () => {
  expect(() => open(settingsIn('/nowhere'))).toThrow(/the store \/nowhere\/orders\.db .*ENOENT/);
  expect(() => listDeadLetters('/nowhere/orders.db')).toThrow(/there is no store \/nowhere/);
});

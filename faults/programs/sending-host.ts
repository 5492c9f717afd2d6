// node sending-host.ts OPTIONS: a host that sends numbered messages over a SendStream, each again under
// the same id until its outcome is known, and starts its connector again whenever that is gone.
import { setTimeout as sleep } from 'node:timers/promises';
import type { SendStream } from '../../packages/runtime/src/host/index.ts';
import { type Message, PluginError } from '../../packages/runtime/src/index.ts';
import { payloadOf } from '../support/numbered.ts';
import { type ConnectorOptions, startConnector } from './connector.ts';
import { inTransaction, openStore } from './store.ts';

export interface SendingHostOptions extends ConnectorOptions {
  readonly store: string;
  /** How many messages there are, numbered from 0. */
  readonly count: number;
  /** Of each message. */
  readonly bytes: number;
}

const BATCH = 256;
const MOST_UNDER_WAY = 1024;
const RESTART_AFTER_MS = 100;

const options = JSON.parse(process.argv[2] ?? '') as SendingHostOptions;
// An attempt without an outcome: nobody knows it, because this process was killed.
const db = openStore(
  options.store,
  'attempts (id INTEGER PRIMARY KEY, n INTEGER, life TEXT, outcome TEXT)',
);
const begin = db.prepare('INSERT INTO attempts (n, life) VALUES (?, ?)');
const finish = db.prepare('UPDATE attempts SET outcome = ? WHERE id = ?');
const left = unsent();
const outcomes: { readonly attempt: number; readonly outcome: string }[] = [];

for (;;) {
  await runConnector().catch((error: unknown) => console.error(String(error)));
  await sleep(RESTART_AFTER_MS); // the pause of a supervisor
}

/** One life of the connector. */
async function runConnector(): Promise<void> {
  const connector = await startConnector(options);
  const end = (): void => void connector.kill().then(() => process.exit(0));
  process.once('SIGTERM', end);
  try {
    await sendAll(await connector.node.sendStream(), `${process.pid}/${connector.pid}`);
  } finally {
    process.off('SIGTERM', end);
    await connector.kill();
  }
}

/** Sends until the stream is lost and the outcome of all that was under way is recorded. */
async function sendAll(stream: SendStream, life: string): Promise<void> {
  const lost = new AbortController();
  const underWay = new Set<Promise<void>>();
  let changed = Promise.withResolvers<void>();
  const change = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  void stream.closed.then(() => {
    lost.abort();
    change();
  });
  while (!lost.signal.aborted) {
    if (left.length === 0 || underWay.size > MOST_UNDER_WAY - BATCH) {
      await changed.promise;
      continue;
    }
    const numbers = left.splice(0, BATCH);
    const attempts = recordAttempts(numbers, life);
    for (const [i, n] of numbers.entries()) {
      const send = sendOne(stream, n, attempts[i] ?? 0);
      underWay.add(send);
      void send.then(() => {
        underWay.delete(send);
        change();
      });
    }
  }
  await Promise.all(underWay);
}

/** Never rejects. */
async function sendOne(stream: SendStream, n: number, attempt: number): Promise<void> {
  let outcome = 'sent';
  try {
    await stream.send(messageOf(n));
  } catch (thrown) {
    outcome = PluginError.from(thrown).code;
    left.push(n);
  }
  outcomes.push({ attempt, outcome });
  if (outcomes.length === 1) setImmediate(recordOutcomes);
}

function recordAttempts(numbers: readonly number[], life: string): number[] {
  let ids: number[] = [];
  inTransaction(db, () => {
    ids = numbers.map((n) => Number(begin.run(n, life).lastInsertRowid));
  });
  return ids;
}

function recordOutcomes(): void {
  inTransaction(db, () => {
    for (const { attempt, outcome } of outcomes.splice(0)) finish.run(outcome, attempt);
  });
}

function unsent(): number[] {
  const sent = db.prepare("SELECT n FROM attempts WHERE outcome = 'sent'").all();
  const done = new Set(sent.map((row) => row['n'] as number));
  return Array.from({ length: options.count }, (_, n) => n).filter((n) => !done.has(n));
}

function messageOf(n: number): Message {
  const unknown = { customerId: '', tenantId: '', integrationId: '', source: '', destination: '' };
  return {
    id: `m-${n}`,
    payload: payloadOf(n, options.bytes),
    contentType: 'text/plain',
    metadata: { ...unknown, correlationId: '', traceId: '' },
    headers: {},
    timestamp: undefined,
  };
}

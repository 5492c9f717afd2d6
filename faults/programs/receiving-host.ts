// node receiving-host.ts OPTIONS: a host that stores what a ReceiveStream brings before it settles it,
// and starts its connector again whenever that is gone. Its parent may change its manner on the way.
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  ConnectionNode,
  DeliveryFrame,
  ReceiveStream,
} from '../../packages/runtime/src/host/index.ts';
import { sizeOf } from '../../packages/runtime/src/index.ts';
import { numberOf } from '../support/numbered.ts';
import { type ConnectorOptions, startConnector } from './connector.ts';
import { startWithNarrowWindows } from './narrow-windows.ts';
import { inTransaction, openStore } from './store.ts';

export interface ReceivingHostOptions extends ConnectorOptions {
  readonly store: string;
  readonly manner: Manner;
  /** HTTP/2 windows of 64 KiB. */
  readonly narrow?: boolean;
}

/** How it treats its streams. */
export interface Manner {
  /** The credit of a stream; what is acked is granted again. */
  readonly messages: number;
  readonly bytes: number;
  /** How often it acks each message. */
  readonly acks: 0 | 1 | 2;
  /** How long it thinks about each frame before it stores it. */
  readonly pauseMs?: number;
}

/** What its parent may ask of it. */
export interface ReceivingHostRequest {
  /** Its manner from now on: further credit, and what it has not acked stays so. */
  readonly manner?: Manner;
  readonly health?: true;
}

/** What it tells its parent, as far as there is news. */
export interface ReceivingHostReport {
  readonly received: number;
  /** Settlements that were reported as unknown. */
  readonly unknown: number;
  readonly health?: { readonly status: string; readonly details: Readonly<Record<string, string>> };
}

const RESTART_AFTER_MS = 100;

const options = JSON.parse(process.argv[2] ?? '') as ReceivingHostOptions;
const db = openStore(options.store, 'arrivals (n INTEGER, life TEXT, delivery TEXT)');
const insert = db.prepare('INSERT INTO arrivals VALUES (?, ?, ?)');
const report = { received: 0, unknown: 0 };
let { manner } = options;
let current: { readonly node: ConnectionNode; readonly stream: ReceiveStream } | undefined;

process.on('message', (request: ReceivingHostRequest) => {
  if (request.manner) {
    manner = request.manner;
    current?.stream.grant(manner.messages, manner.bytes);
  }
  if (request.health) {
    void current?.node.health().then((health) => process.send?.({ ...report, health }));
  }
});

for (;;) {
  await runConnector().catch((error: unknown) => console.error(String(error)));
  await sleep(RESTART_AFTER_MS); // the pause of a supervisor
}

/** One life of the connector. */
async function runConnector(): Promise<void> {
  const start = options.narrow ? startWithNarrowWindows : startConnector;
  const connector = await start(options);
  const end = (): void => void connector.kill().then(() => process.exit(0));
  process.once('SIGTERM', end);
  try {
    const stream = connector.node.receiveStream();
    current = { node: connector.node, stream };
    stream.grant(manner.messages, manner.bytes);
    const life = `${process.pid}/${connector.pid}`;
    for await (const frame of stream.frames) {
      if (manner.pauseMs) await sleep(manner.pauseMs);
      take(frame, stream, life);
    }
  } finally {
    process.off('SIGTERM', end);
    await connector.kill();
  }
}

function take(
  { deliveries, unknownDeliveryIds }: DeliveryFrame,
  stream: ReceiveStream,
  life: string,
) {
  inTransaction(db, () => {
    for (const { message, deliveryId } of deliveries) {
      insert.run(numberOf(message.payload), life, deliveryId);
    }
  });
  report.received += deliveries.length;
  report.unknown += unknownDeliveryIds.length;
  process.send?.(report);
  if (manner.acks === 0) return;
  const acks = deliveries.map(({ deliveryId }) => ({ deliveryId, outcome: 'ack' as const }));
  for (let i = 0; i < manner.acks; i++) stream.settle(acks);
  stream.grant(
    deliveries.length,
    deliveries.reduce((sum, { message }) => sum + sizeOf(message), 0),
  );
}

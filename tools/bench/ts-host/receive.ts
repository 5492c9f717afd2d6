import { setTimeout as sleep } from 'node:timers/promises';
import type { Delivery, Settlement } from '@vrsky/runtime';
import { messageBytes } from '../src/message.ts';
import { Received } from './check.ts';
import type { Run } from './load.ts';

export async function receiveAndAcknowledge(run: Run): Promise<void> {
  const { node, meter, options } = run;
  const received = new Received(options.payloadBytes);
  const receiveOneByOne = async (): Promise<void> => {
    while (meter.running) {
      const began = performance.now();
      const delivery = await node.receive();
      received.check(delivery.message);
      checkUnknown(await node.acknowledge([ack(delivery)]));
      meter.done(began);
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, receiveOneByOne));
  await received.checkAll(node);
}

/**
 * Grants credit for a batch, so many batches at a time. For each batch that came it settles what is in
 * it and grants another one.
 */
export async function receiveStream(run: Run): Promise<void> {
  const { node, meter, options } = run;
  const { batch, inFlight, payloadBytes } = options;
  const received = new Received(payloadBytes);
  const stream = node.receiveStream();
  /** When each message was granted that did not come yet, oldest first. */
  let granted: number[] = [];
  let unacked: Settlement[] = [];
  const grant = (): void => {
    granted.push(...Array.from({ length: batch }, () => performance.now()));
    stream.grant(batch, batch * messageBytes(payloadBytes));
  };
  for (let i = 0; i < inFlight; i += 1) grant();
  for await (const { deliveries, unknownDeliveryIds } of stream.frames) {
    checkUnknown(unknownDeliveryIds);
    meter.frame();
    for (const [i, delivery] of deliveries.entries()) {
      const began = granted[i];
      if (began === undefined) throw new Error('more deliveries than there was credit for');
      received.check(delivery.message);
      unacked.push(ack(delivery));
      meter.done(began);
    }
    granted = granted.slice(deliveries.length);
    if (options.pauseMs > 0) await sleep(options.pauseMs);
    while (meter.running && unacked.length >= batch) {
      stream.settle(unacked.splice(0, batch));
      grant();
    }
    if (!meter.running && granted.length === 0) {
      stream.settle(unacked);
      unacked = [];
      stream.halfClose();
    }
  }
  await received.checkAll(node);
}

function ack({ deliveryId }: Delivery): Settlement {
  return { deliveryId, outcome: 'ack' };
}

function checkUnknown(ids: readonly string[]): void {
  if (ids.length > 0) throw new Error(`${ids.length} settlements hit nothing, such as ${ids[0]}`);
}

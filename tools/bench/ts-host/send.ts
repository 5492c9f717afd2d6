import type { Message, SendReceipt } from '@vrsky/runtime';
import { messageParts } from '../src/message.ts';
import { checkCount } from './check.ts';
import type { Run } from './load.ts';

export async function send(run: Run): Promise<void> {
  const { node, meter, payload, options } = run;
  let made = 0;
  const sendOneByOne = async (): Promise<void> => {
    while (meter.running) {
      const message = messageOf(made++, payload);
      const began = performance.now();
      checkReceipt(await node.send(message), message);
      meter.done(began);
    }
  };
  await Promise.all(Array.from({ length: options.inFlight }, sendOneByOne));
  await checkCount(node, 'sent', made);
}

/** Sends batch by batch, as soon as there is room for one. */
export async function sendStream(run: Run): Promise<void> {
  const { node, meter, payload, options } = run;
  const { batch, inFlight } = options;
  const stream = await node.sendStream();
  let made = 0;
  let room = batch * inFlight;
  let wake = (): void => {};
  const failed = Promise.withResolvers<never>();
  const sendOne = async (): Promise<void> => {
    const message = messageOf(made++, payload);
    const began = performance.now();
    checkReceipt(await stream.send(message), message);
    meter.done(began);
    room += 1;
    if (room >= batch) wake();
  };
  const roomForOne = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  while (meter.running) {
    if (room >= batch) {
      room -= batch;
      for (let i = 0; i < batch; i += 1) void sendOne().catch(failed.reject);
    } else await Promise.race([roomForOne(), failed.promise]);
  }
  await Promise.race([stream.close(), failed.promise]);
  if (room !== batch * inFlight) throw new Error(`${batch * inFlight - room} were not answered`);
  await checkCount(node, 'sent', made);
}

function messageOf(number: number, payload: Uint8Array): Message {
  return { ...messageParts(number, payload), timestamp: Temporal.Now.instant() };
}

function checkReceipt({ messageId }: SendReceipt, { id }: Message): void {
  if (messageId !== id) throw new Error(`message ${id} was answered for "${messageId}"`);
}

import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ReceivingHostOptions } from '../programs/receiving-host.ts';
import { webhookOn } from '../support/connectors.ts';
import { tempFolder } from '../support/folder.ts';
import { freePort } from '../support/free-port.ts';
import { listening } from '../support/listening.ts';
import { programs, startProgram } from '../support/program.ts';
import { postAll, smallBody } from '../support/senders.ts';

const SLOW = 500;
const DRIP_EVERY_MS = 200;
const REQUESTS = 1000;
const LIMIT_MS = 100;
/** On a machine that is slow without them, too, they may make it this much worse. */
const ALLOWED_FACTOR = 2;
const TIMEOUT_MS = 300_000;

test.each([
  ['heads', 'POST / HTTP/1.1\r\nHost: x\r\nX-A: '],
  ['bodies', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n'],
])(
  '500 senders of %s in drips do not keep others waiting',
  async (what, start) => {
    const folder = tempFolder();
    const port = await freePort();
    const options: ReceivingHostOptions = {
      ...webhookOn(port),
      store: join(folder, 'host.db'),
      manner: { messages: 1024, bytes: 8 * 2 ** 20, acks: 1 },
    };
    const host = startProgram(programs.receivingHost, [JSON.stringify(options)], folder);
    await listening(port);
    await latencies(port); // warm
    const alone = await latencies(port);
    const senders = dripFrom(SLOW, port, start);
    await vi.waitUntil(() => senders.open() === SLOW, { timeout: 20_000, interval: 50 });
    await vi.waitUntil(() => senders.dripped() > 3 * SLOW, { timeout: 20_000, interval: 50 });
    const among = await latencies(port);
    console.log(
      `${SLOW} senders of ${what} in drips: p99 of another ${alone.p99.toFixed(1)} ms without, ` +
        `${among.p99.toFixed(1)} ms among them; refused ${alone.refused} and ${among.refused}; ` +
        `${senders.ended()} of theirs ended`,
    );
    expect(among.refused).toBe(0);
    expect(among.p99).toBeLessThan(Math.max(LIMIT_MS, alone.p99 * ALLOWED_FACTOR));
    expect(await host.stop()).toBe(0);
  },
  TIMEOUT_MS,
);

/** Of requests one after the other over one connection. */
async function latencies(port: number): Promise<{ p99: number; refused: number }> {
  const times: number[] = [];
  let refused = 0;
  let since = performance.now();
  await postAll(`http://127.0.0.1:${port}/`, REQUESTS, 1, smallBody, async ({ status }) => {
    const now = performance.now();
    times.push(now - since);
    since = now;
    if (status !== 202) refused += 1;
    return true;
  });
  return { p99: times.toSorted((a, b) => a - b)[Math.floor(REQUESTS * 0.99)] ?? 0, refused };
}

/** Connections that begin a request and go on with it a byte at a time; each comes again when it is ended. */
function dripFrom(count: number, port: number, start: string) {
  const counts = { open: 0, dripped: 0, ended: 0 };
  const over = new AbortController();
  onTestFinished(() => over.abort());
  const begin = (): void => {
    const socket = connect(port, '127.0.0.1');
    const destroy = (): void => void socket.destroy();
    over.signal.addEventListener('abort', destroy, { once: true });
    const timer = setInterval(() => {
      socket.write('x');
      counts.dripped += 1;
    }, DRIP_EVERY_MS);
    socket.on('error', () => {}).resume();
    socket.once('connect', () => {
      counts.open += 1;
      socket.write(start);
      socket.once('close', () => {
        counts.open -= 1;
      });
    });
    socket.once('close', () => {
      clearInterval(timer);
      over.signal.removeEventListener('abort', destroy);
      counts.ended += 1;
      if (!over.signal.aborted) begin();
    });
  };
  for (let i = 0; i < count; i++) begin();
  return { open: () => counts.open, dripped: () => counts.dripped, ended: () => counts.ended };
}

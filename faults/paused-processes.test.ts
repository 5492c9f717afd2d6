import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { ReceivingHostOptions } from './programs/receiving-host.ts';
import type { SendingHostOptions } from './programs/sending-host.ts';
import { restTo, webhookOn } from './support/connectors.ts';
import { numbersAt, startEndpoint } from './support/endpoint.ts';
import { tempFolder } from './support/folder.ts';
import { freePort } from './support/free-port.ts';
import { watchMemory } from './support/memory.ts';
import { missingOf, tableIn } from './support/numbers.ts';
import { pause } from './support/pause.ts';
import { type Program, programs, startProgram } from './support/program.ts';
import { report } from './support/report.ts';
import { sendAll } from './support/senders.ts';

const MESSAGES = 100_000;
const PAUSE_MS = 3000;
const FAULTS = `host and connector stopped for ${PAUSE_MS / 1000} s each`;
/** More than the connector takes at once, so that it has to push back while its host is stopped. */
const CONNECTIONS = 160;
const MAX_IN_FLIGHT = 128;

test('webhooks: nothing is lost or repeated when the host or the connector stands still', async () => {
  const folder = tempFolder();
  const store = join(folder, 'host.db');
  const port = await freePort();
  const options: ReceivingHostOptions = {
    ...webhookOn(port, { maxInFlight: MAX_IN_FLIGHT }),
    store,
    manner: { messages: 1024, bytes: 8 * 2 ** 20, acks: 1 },
  };
  const arrivals = tableIn(store, 'arrivals');
  const host = startProgram(programs.receivingHost, [JSON.stringify(options)], folder);
  const memory = watchMemory(host);
  const pauses = pausesOf(host);
  const begun = performance.now();
  const sent = await sendAll(`http://127.0.0.1:${port}/`, MESSAGES, CONNECTIONS, ({ accepted }) =>
    pauses.after(accepted),
  );
  const ms = performance.now() - begun;
  await pauses.over();
  expect(await host.stop()).toBe(0);

  const duplicates = arrivals.rows() - arrivals.distinct();
  report({
    what: 'webhooks',
    messages: MESSAGES,
    faults: `${FAULTS}, ${sent.refused} tries pushed back`,
    lost: missingOf(MESSAGES, arrivals.numbers()).length,
    duplicates,
    ms,
    memory,
  });
  expect(sent.refused).toBeGreaterThan(0);
  expect(duplicates).toBe(0);
}, 150_000);

test('sends: nothing is lost or repeated when the host or the connector stands still', async () => {
  const folder = tempFolder();
  const endpoint = await startEndpoint();
  const options: SendingHostOptions = {
    ...restTo(endpoint.url),
    store: join(folder, 'host.db'),
    count: MESSAGES,
    bytes: 256,
  };
  const begun = performance.now();
  const host = startProgram(programs.sendingHost, [JSON.stringify(options)], folder);
  const memory = watchMemory(host);
  const pauses = pausesOf(host);
  await vi.waitUntil(
    () => {
      pauses.after(endpoint.arrived.size);
      return endpoint.arrived.size === MESSAGES;
    },
    { timeout: 120_000, interval: 10 },
  );
  const ms = performance.now() - begun;
  await pauses.over();
  expect(await host.stop()).toBe(0);

  const { lost, duplicates } = numbersAt(endpoint, MESSAGES);
  report({ what: 'sends', messages: MESSAGES, faults: FAULTS, lost, duplicates, ms, memory });
  expect(duplicates).toBe(0);
}, 150_000);

/** One pause of the host, later one of its connector. */
function pausesOf(host: Program): { after(done: number): void; over(): Promise<unknown> } {
  const begun: Promise<void>[] = [];
  const pids = [() => host.pid, () => host.children()[0]];
  return {
    after(done) {
      const next = pids[begun.length];
      if (next && done >= (MESSAGES * (begun.length + 1)) / 3) begun.push(pause(next(), PAUSE_MS));
    },
    over() {
      expect(begun).toHaveLength(pids.length);
      return Promise.all(begun);
    },
  };
}

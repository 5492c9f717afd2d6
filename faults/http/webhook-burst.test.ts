import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ReceivingHostOptions } from '../programs/receiving-host.ts';
import { webhookOn } from '../support/connectors.ts';
import { tempFolder } from '../support/folder.ts';
import { freePort } from '../support/free-port.ts';
import { listening } from '../support/listening.ts';
import { watchMemory } from '../support/memory.ts';
import { payloadOf } from '../support/numbered.ts';
import { missingOf, tableIn } from '../support/numbers.ts';
import { programs, startProgram } from '../support/program.ts';
import { report } from '../support/report.ts';
import { isAccepted, postAll } from '../support/senders.ts';

const MESSAGES = 10_000;
const BYTES = 10 * 1024;
const CONNECTIONS = 1000;
const TIMEOUT_MS = 300_000;

test(
  'a burst of 10,000 webhooks at a host that acks slowly: each is answered, and 2xx means stored',
  async () => {
    const folder = tempFolder();
    const store = join(folder, 'host.db');
    const port = await freePort();
    const options: ReceivingHostOptions = {
      // So that also on a slow machine none is stored whose sender was sent away meanwhile.
      ...webhookOn(port, { ackTimeoutMs: 120_000 }),
      store,
      manner: { messages: 64, bytes: 8 * 2 ** 20, acks: 1, pauseMs: 50 },
    };
    const host = startProgram(programs.receivingHost, [JSON.stringify(options)], folder);
    const memory = watchMemory(host);
    await listening(port);
    const connectors = host.children();

    const accepted = new Set<number>();
    const statuses = new Map<number, number>();
    const begun = performance.now();
    await postAll(
      `http://127.0.0.1:${port}/`,
      MESSAGES,
      CONNECTIONS,
      (n) => [payloadOf(n, BYTES)],
      async ({ status }, n) => {
        if (isAccepted(status)) accepted.add(n);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        return true;
      },
    );
    const ms = performance.now() - begun;
    expect(host.children()).toEqual(connectors);
    expect(await host.stop()).toBe(0);

    const arrivals = tableIn(store, 'arrivals');
    const stored = arrivals.numbers();
    const pushedBack = statuses.get(503) ?? 0;
    report({
      what: 'a burst of webhooks of 10 KiB',
      messages: MESSAGES,
      faults: `${CONNECTIONS} connections at once, a slow host; ${pushedBack} pushed back`,
      lost: [...accepted].filter((n) => !stored.has(n)).length,
      duplicates: arrivals.rows() - arrivals.distinct(),
      ms,
      memory,
    });
    expect(accepted.size + pushedBack).toBe(MESSAGES);
    expect(Math.min(accepted.size, pushedBack)).toBeGreaterThan(0);
    expect(missingOf(MESSAGES, stored)).toEqual(missingOf(MESSAGES, accepted));
  },
  TIMEOUT_MS,
);

import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionConfig, type JsonObject, type Message, PluginError } from '@vrsky/runtime';
import { type ConnectorProcess, launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';
import { anonymousBytes } from '../../testing/processes.ts';
import type { Sample } from '../protocols/compare.ts';

const MESSAGES = 100_000;
const WARM_UP = 50_000;
/** Of one run of a contestant. */
export const TOTAL: number = WARM_UP + MESSAGES;
const zero = Temporal.Duration.from({ seconds: 0 });

/** Counts messages; the warm-up is not measured. */
export function createClock(): { readonly done: Promise<Sample>; tick(count: number): boolean } {
  const { promise, resolve } = Promise.withResolvers<Sample>();
  let count = 0;
  let begun = 0;
  let counted = 0;
  return {
    done: promise,
    tick(more) {
      count += more;
      if (begun === 0 && count >= WARM_UP) {
        begun = performance.now();
        counted = count;
      }
      if (count < TOTAL) return false;
      resolve({ messages: count - counted, seconds: (performance.now() - begun) / 1000 });
      return true;
    },
  };
}

export async function sendAll(underWay: number, send: () => Promise<void>): Promise<Sample> {
  const clock = createClock();
  let left = TOTAL;
  const work = async (): Promise<void> => {
    while (left-- > 0) {
      await send();
      clock.tick(1);
    }
  };
  await Promise.all(Array.from({ length: underWay }, work));
  return clock.done;
}

export async function launch(
  command: string,
  type: string,
  settings: JsonObject,
): Promise<ConnectorProcess> {
  const config: ConnectionConfig = {
    id: 'bench',
    name: 'bench',
    type,
    settings,
    credentials: {},
    timeout: zero,
    retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
  };
  const connector = await launchConnector({
    command,
    log: pino({ level: 'silent' }),
    hostFunctions: {
      getSecret: async (name) => {
        throw new PluginError('NOT_FOUND', `no secret "${name}"`);
      },
      log: () => {},
      recordMetric: () => {},
      getConfiguration: () => config,
    },
  });
  await connector.node.connect(config);
  return connector;
}

export function messageOf(n: number, payload: Uint8Array): Message {
  const unknown = { customerId: '', tenantId: '', integrationId: '', source: '', destination: '' };
  return {
    id: `message-${n}`,
    payload,
    contentType: 'application/octet-stream',
    metadata: { ...unknown, correlationId: '', traceId: '' },
    headers: {},
    timestamp: undefined,
  };
}

/** Samples the anonymous memory of a process; `stop` gives the most. */
export function watch(pid: number): { stop(): number } {
  const ends = new AbortController();
  let peak = 0;
  void (async () => {
    while (!ends.signal.aborted) {
      peak = Math.max(peak, anonymousBytes(pid));
      await sleep(50, undefined, { signal: ends.signal }).catch(() => {});
    }
  })();
  return {
    stop() {
      ends.abort();
      return Math.max(peak, anonymousBytes(pid));
    },
  };
}

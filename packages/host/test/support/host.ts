import { existsSync } from 'node:fs';
import {
  type Alert,
  type ConnectedEvent,
  loadIntegration,
  type MessageEvent,
  type RunOptions,
  runIntegration,
} from '@vrsky/host';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { until } from './until.ts';

/** A run in this process, with all that it told. */
export interface RunningHost {
  readonly connected: ConnectedEvent[];
  readonly messages: MessageEvent[];
  readonly alerts: Alert[];
  /** Parsed log lines. */
  readonly log: Record<string, unknown>[];
  /** The run itself. */
  readonly done: Promise<void>;
  /** Port of the incoming webhook. */
  port(): Promise<number>;
  /** Stops it in good order, and proves that its processes are gone. */
  stop(): Promise<void>;
  /** Stops it at once. */
  hurry(): Promise<void>;
}

export async function startHost(
  file: string,
  options: Partial<RunOptions> = {},
): Promise<RunningHost> {
  const integration = await loadIntegration(file);
  const stop = new AbortController();
  const hurry = new AbortController();
  const connected: ConnectedEvent[] = [];
  const messages: MessageEvent[] = [];
  const alerts: Alert[] = [];
  const log: Record<string, unknown>[] = [];
  const done = runIntegration(integration, {
    log: pino({ level: 'debug' }, { write: (line) => log.push(JSON.parse(line)) }),
    signal: stop.signal,
    hurry: hurry.signal,
    onConnected: (event) => connected.push(event),
    onMessage: (event) => messages.push(event),
    onAlert: (alert) => alerts.push(alert),
    ...options,
  });
  const end = async (): Promise<void> => {
    stop.abort();
    await done;
    const left = connected.filter(({ pid }) => existsSync(`/proc/${pid}`));
    if (left.length > 0) throw new Error(`connectors left running: ${JSON.stringify(left)}`);
  };
  onTestFinished(async () => {
    stop.abort();
    hurry.abort();
    await done.catch(() => {});
  });
  return {
    connected,
    messages,
    alerts,
    log,
    done,
    port: async () => {
      const event = await until('the webhook is up', () =>
        connected.findLast(({ direction }) => direction === 'incoming'),
      );
      return Number(event.health.details['port']);
    },
    stop: end,
    hurry: async () => {
      stop.abort();
      hurry.abort();
      await end();
    },
  };
}

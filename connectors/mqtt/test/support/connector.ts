import type { ConnectionConfig, Health, Message, PluginError } from '@vrsky/runtime';
import type { SendOutcome } from '@vrsky/runtime/plugin';
import { expect, onTestFinished, vi } from 'vitest';
import { slowly } from '../../../../tools/testing/slowness.ts';
import { PublishDestination } from '../../src/destination.ts';
import { SubscribeSource } from '../../src/source.ts';
import { publishConfig, subscribeConfig, type TestHost, testHost } from './config.ts';

export type Handed = Awaited<ReturnType<SubscribeSource['next']>>;

export interface Subscribed extends TestHost {
  readonly source: SubscribeSource;
  next(): Promise<Handed>;
  take(count: number): Promise<Handed[]>;
  /** Everything that has been handed out so far, acked at once. */
  readonly acked: Handed[];
  /** Takes and acks whatever comes from now on. */
  ackAll(): void;
  stop(withinMs?: number): Promise<void>;
}

/** A started source; it is stopped when the test ends. */
export async function subscribe(
  settings: object,
  more: Partial<ConnectionConfig> = {},
  testing: TestHost = testHost(),
): Promise<Subscribed> {
  const source = new SubscribeSource(subscribeConfig(settings, more), testing.host);
  await source.start(AbortSignal.timeout(10_000));
  const intake = new AbortController();
  let stopped: Promise<void> | undefined;
  const stop = (withinMs = 0): Promise<void> => {
    intake.abort(new Error('stopped'));
    stopped ??= source.stop(withinMs ? AbortSignal.timeout(withinMs) : AbortSignal.abort());
    return stopped;
  };
  onTestFinished(() => stop());
  const next = (): Promise<Handed> =>
    source.next(AbortSignal.any([intake.signal, AbortSignal.timeout(10_000)]));
  const acked: Handed[] = [];
  return {
    ...testing,
    source,
    next,
    async take(count) {
      const all: Handed[] = [];
      while (all.length < count) all.push(await next());
      return all;
    },
    acked,
    ackAll() {
      const go = async (): Promise<void> => {
        for (;;) {
          const message = await source.next(intake.signal);
          acked.push(message);
          source.ack(message);
        }
      };
      go().catch(() => {});
    },
    stop,
  };
}

export interface Published extends TestHost {
  readonly destination: PublishDestination;
  send(...messages: Message[]): Promise<readonly SendOutcome[]>;
  stop(): Promise<void>;
}

/** A started destination; it is stopped when the test ends. */
export async function publish(
  settings: object,
  more: Partial<ConnectionConfig> = {},
  testing: TestHost = testHost(),
): Promise<Published> {
  const destination = new PublishDestination(publishConfig(settings, more), testing.host);
  await destination.start(AbortSignal.timeout(10_000));
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= destination.stop());
  onTestFinished(stop);
  const signal = AbortSignal.timeout(60_000);
  return {
    ...testing,
    destination,
    send: (...messages) => destination.send(messages, signal),
    stop,
  };
}

/** The one outcome of a send that failed. */
export async function sendFailure(sending: Promise<readonly SendOutcome[]>): Promise<PluginError> {
  const [outcome] = await sending;
  expect(outcome).toHaveProperty('rawMessage');
  return outcome as PluginError;
}

/** Waits until the condition holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeout = slowly(10_000),
): Promise<void> {
  await vi.waitUntil(condition, { timeout, interval: 5 });
}

export const textOf = ({ message }: Handed): string => Buffer.from(message.payload).toString();

type Healthy = Pick<SubscribeSource | PublishDestination, 'health'>;

export function healthOf(one: Healthy): Promise<Health> {
  return one.health(AbortSignal.timeout(10_000));
}

export function isHealthy(one: Healthy): Promise<boolean> {
  return healthOf(one).then(
    ({ status }) => status === 'ok',
    () => false,
  );
}

/** Whether Health is an error. */
export function fails(one: Healthy): Promise<boolean> {
  return healthOf(one).then(
    () => false,
    () => true,
  );
}

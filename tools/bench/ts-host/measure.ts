import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionConfig } from '@vrsky/runtime';
import { type ConnectorProcess, type HostFunctions, launchConnector } from '@vrsky/runtime/host';
import { pino } from 'pino';
import type { HostOptions, LoadResult } from '../src/measurement.ts';
import { IDENTITY, payloadOf, SOURCE } from '../src/message.ts';
import type { Load, Run } from './load.ts';
import { Meter } from './meter.ts';
import { receiveAndAcknowledge, receiveStream } from './receive.ts';
import { send, sendStream } from './send.ts';
import { cpuOf, MemoryWatch, memoryOf, ownCpu } from './usage.ts';

const LOOK_EVERY_MS = 20;
const DRAIN_MS = 20_000;

const loads: Partial<Record<HostOptions['call'], Load>> = {
  send,
  'receive-ack': receiveAndAcknowledge,
  'send-stream': sendStream,
  'receive-stream': receiveStream,
};

export async function measureLoad(
  given: HostOptions,
  command: string,
  args: readonly string[],
): Promise<LoadResult> {
  const options = withDefaults(given);
  const load = loads[options.call];
  if (!load) throw new Error(`this host has no ${options.call}`);
  const config = configOf(options);
  const connector = await launchConnector({
    command,
    args,
    autoMtls: options.mtls,
    log: pino({ level: 'silent' }),
    hostFunctions: functionsFor(config),
    identity: IDENTITY,
  });
  try {
    await connector.node.connect(config);
    return await measure(options, connector, load);
  } finally {
    await connector.kill();
  }
}

async function measure(
  options: Required<HostOptions>,
  { node, pid }: ConnectorProcess,
  load: Load,
): Promise<LoadResult> {
  const meter = new Meter(options.messages);
  const run: Run = { options, node, meter, payload: payloadOf(options.payloadBytes) };
  await sleep(options.settleMs);
  const idle = memoryOf(pid);
  using watch = new MemoryWatch(pid, LOOK_EVERY_MS);
  const drained = load(run);
  const failed = drained.then(() => {
    if (meter.running) throw new Error('the load ended too early');
  });

  await Promise.race([sleep(options.warmUpMs), failed]);
  const before = { hostCpu: ownCpu(), pluginCpu: cpuOf(pid), time: performance.now() };
  meter.begin();
  await Promise.race([options.messages ? meter.reached : sleep(options.timeMs), failed]);
  meter.end();
  const seconds = (performance.now() - before.time) / 1000;
  const pluginCpu = cpuOf(pid) - before.pluginCpu;
  const hostCpu = ownCpu() - before.hostCpu;
  const { messages, frames } = meter;

  await withinTime(drained);
  await sleep(options.settleMs);
  const after = memoryOf(pid);
  const rss = { idle, after, peak: watch.peak() };
  if (messages === 0) throw new Error(`no message came through in ${seconds.toFixed(1)} s`);
  const [p50, p99] = [meter.percentile(50), meter.percentile(99)];
  return { messages, frames, seconds, p50, p99, hostCpu, pluginCpu, rss, series: [] };
}

async function withinTime(drained: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const late = sleep(DRAIN_MS, undefined, timer).then(
    () => {
      throw new Error(`not all was answered within ${DRAIN_MS / 1000} s`);
    },
    () => {},
  );
  try {
    await Promise.race([drained, late]);
  } finally {
    timer.abort();
  }
}

function withDefaults(options: HostOptions): Required<HostOptions> {
  return {
    payloadBytes: 0,
    inFlight: 1,
    batch: 1,
    mtls: false,
    warmUpMs: 0,
    timeMs: 0,
    messages: 0,
    settleMs: 0,
    pauseMs: 0,
    starts: 0,
    fixedAnswers: false,
    ...options,
  };
}

function configOf({ call, payloadBytes }: Required<HostOptions>): ConnectionConfig {
  const zero = Temporal.Duration.from({ seconds: 0 });
  return {
    id: 'bench',
    name: SOURCE,
    type: call.startsWith('send') ? 'bench-destination' : 'bench-source',
    settings: { payloadBytes },
    credentials: {},
    timeout: zero,
    retryPolicy: { maxRetries: 0, backoffMultiplier: 0, initialBackoff: zero, maxBackoff: zero },
  };
}

/** They do nothing. */
function functionsFor(config: ConnectionConfig): HostFunctions {
  return {
    getSecret: async () => '',
    log: () => {},
    recordMetric: () => {},
    getConfiguration: () => config,
  };
}

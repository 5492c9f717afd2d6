import type { Call, HostOptions } from './measurement.ts';
import { messageBytes } from './message.ts';

/** One thing that is measured, for every target that it has. */
export interface Case {
  readonly name: string;
  readonly kind: 'load' | 'memory' | 'start';
  readonly host: 'go' | 'ts';
  readonly options: HostOptions;
  /** Measured in a cgroup with 500m of a CPU and 256 MiB. */
  readonly limited?: boolean;
  /**
   * The case that this one is compared with besides: a stream with as many unary calls as a host has
   * under way.
   */
  readonly unary?: string;
}

const SIZES = { '100B': 100, '1KiB': 1024, '64KiB': 65_536, '1MiB': 1_048_576 } as const;
type Size = keyof typeof SIZES;

/** Limit of a frame of a stream; a single larger message has a frame of its own. */
const FRAME_BYTES = 1024 * 1024;
/** Frames under way at a time, by the messages of each. */
const FRAMES = { 1: 64, 16: 8, 64: 4, 256: 4 } as const;
type Batch = keyof typeof FRAMES;
const BATCHES = [1, 16, 64, 256] as const;
const IN_FLIGHT = [1, 64] as const;
const SETTLE_MS = 500;
const STARTS = 5;
/** Some periods of the CPU limit: what the start before used up is forgotten. */
const REST_MS = 250;

/** Every case there is. */
export function allCases(): Case[] {
  const sizes = Object.keys(SIZES) as Size[];
  const onBoth = [false, true];
  return [
    ...onBoth.flatMap((mtls) => sizes.flatMap((size) => loads('go', size, mtls))),
    ...onBoth.flatMap((mtls) => loads('ts', '1KiB', mtls)),
    ...loads('ts', '64KiB', false),
    ...memoryCases(),
    ...onBoth.map((limited) => startCase(limited)),
  ];
}

/** What is measured when nothing is said: less than ten minutes. */
const USUAL = [
  /^send\/1KiB\/(1|64)-in-flight$/,
  /^receive\/1KiB\/64-in-flight$/,
  /^(send|receive)-stream\/1KiB\/(1|16|64|256)-per-batch$/,
  /^(send|receive)-stream\/64KiB\/16-per-batch$/,
  /^send-stream\/1KiB\/64-per-batch\/mtls$/,
  /^ts-host\/send-stream\/1KiB\/64-per-batch$/,
  /^memory\/(send|receive)-stream\/1KiB\/100k$/,
  /^start/,
];

export function isUsual({ name }: Case): boolean {
  return USUAL.some((pattern) => pattern.test(name));
}

/** The cases whose names match one of the patterns; without any, the usual ones, or all. */
export function selectCases(patterns: readonly string[], full: boolean): Case[] {
  const cases = allCases();
  if (patterns.length === 0) return full ? cases : cases.filter(isUsual);
  const expressions = patterns.map((pattern) => new RegExp(pattern));
  const selected = cases.filter(({ name }) => expressions.some((pattern) => pattern.test(name)));
  if (selected.length === 0) throw new Error(`No case matches ${patterns.join(', ')}: see --list`);
  return selected;
}

function loads(host: Case['host'], size: Size, mtls: boolean): Case[] {
  // The API of our host settles every delivery.
  const unary: Call[] =
    host === 'go' ? ['send', 'receive', 'receive-ack'] : ['send', 'receive-ack'];
  const streams: Call[] = ['send-stream', 'receive-stream'];
  return [
    ...unary.flatMap((call) => IN_FLIGHT.map((many) => unaryCase(host, call, size, many, mtls))),
    ...streams.flatMap((call) =>
      BATCHES.filter((batch) => fits(batch, size)).map((batch) =>
        streamCase(host, call, size, batch, mtls),
      ),
    ),
  ];
}

/** Leaves out a batch that would be no larger than a smaller one. */
function fits(batch: Batch, size: Size): boolean {
  const smaller = BATCHES.filter((other) => other < batch).at(-1);
  return smaller === undefined || batchOf(batch, size) > batchOf(smaller, size);
}

function batchOf(batch: Batch, size: Size): number {
  const most = Math.max(1, Math.floor(FRAME_BYTES / messageBytes(SIZES[size])));
  return Math.min(batch, most);
}

function unaryCase(
  host: Case['host'],
  call: Call,
  size: Size,
  inFlight: number,
  mtls: boolean,
): Case {
  const options = { call, payloadBytes: SIZES[size], inFlight, batch: 1, mtls };
  const name = nameOf(host, call, size, `${inFlight}-in-flight`, mtls);
  return { name, kind: 'load', host, options };
}

function streamCase(host: Case['host'], call: Call, size: Size, batch: Batch, mtls: boolean): Case {
  const options = {
    call,
    payloadBytes: SIZES[size],
    inFlight: FRAMES[batch],
    batch: batchOf(batch, size),
    mtls,
  };
  const receive = host === 'go' ? 'receive' : 'receive-ack';
  const unaryCall = call === 'send-stream' ? 'send' : receive;
  return {
    name: nameOf(host, call, size, `${batch}-per-batch`, mtls),
    kind: 'load',
    host,
    options,
    unary: nameOf(host, unaryCall, size, '64-in-flight', mtls),
  };
}

function nameOf(
  ...[host, call, size, shape, mtls]: [Case['host'], Call, Size, string, boolean]
): string {
  return `${host === 'ts' ? 'ts-host/' : ''}${call}/${size}/${shape}${mtls ? '/mtls' : ''}`;
}

function memoryCases(): Case[] {
  const base = { settleMs: SETTLE_MS };
  const one = (name: string, options: HostOptions): Case => ({
    name: `memory/${name}`,
    kind: 'memory',
    host: 'go',
    options: { ...base, ...options },
  });
  const streams = ['send-stream', 'receive-stream'] as const;
  const shape = { payloadBytes: SIZES['1KiB'], inFlight: FRAMES[64], batch: 64 };
  return [
    ...streams.flatMap((call) => [
      one(`${call}/1KiB/100k`, { call, ...shape, messages: 100_000 }),
      one(`${call}/1KiB/1M`, { call, ...shape, messages: 1_000_000 }),
      one(`${call}/1MiB/1k`, {
        call,
        payloadBytes: SIZES['1MiB'],
        inFlight: FRAMES[1],
        batch: 1,
        messages: 1000,
      }),
    ]),
    ...(['send', 'receive'] as const).map((call) =>
      one(`${call}/1KiB/100k`, {
        call,
        payloadBytes: SIZES['1KiB'],
        inFlight: 64,
        messages: 100_000,
      }),
    ),
    one('slow-host/1KiB/1M', {
      call: 'receive-stream',
      ...shape,
      messages: 1_000_000,
      pauseMs: 2,
    }),
  ];
}

function startCase(limited: boolean): Case {
  return {
    name: limited ? 'start/500m-256Mi' : 'start',
    kind: 'start',
    host: 'go',
    options: { call: 'start', starts: STARTS, settleMs: limited ? REST_MS : 0 },
    limited,
  };
}

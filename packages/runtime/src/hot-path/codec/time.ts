import type { Read, Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** A Timestamp or a Duration as it is read. */
export interface TimeDraft {
  seconds: number;
  nanos: number;
}

const NANOS_PER_SECOND = 1_000_000_000n;
const MAX_NANOS = 8_640_000_000_000n * NANOS_PER_SECOND;
/** The nanos add three seconds at the most. */
const SURE_SECONDS = 8_640_000_000_000 - 3;
const NANOS_PER_MS = 1_000_000;

export function newTime(): TimeDraft {
  return { seconds: 0, nanos: 0 };
}

export const readTime: Read<TimeDraft> = (reader: Reader, draft) => {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === 8) draft.seconds = reader.int64();
    else if (tag === 16) draft.nanos = reader.int32();
    else reader.skip(tag);
  }
};

/** Whether Temporal knows such a time: 100 million days to both sides of 1970. */
export function isInstant(time: TimeDraft): boolean {
  if (Math.abs(time.seconds) < SURE_SECONDS) return true;
  const nanos = nanosOf(time);
  return nanos <= MAX_NANOS && nanos >= -MAX_NANOS;
}

/** @throws RangeError for a time that Temporal does not know */
export function instantOf(time: TimeDraft): Temporal.Instant {
  return Temporal.Instant.fromEpochNanoseconds(nanosOf(time));
}

function nanosOf({ seconds, nanos }: TimeDraft): bigint {
  return BigInt(seconds) * NANOS_PER_SECOND + BigInt(nanos);
}

export function millisecondsOf({ seconds, nanos }: TimeDraft): number {
  return seconds * 1000 + nanos / NANOS_PER_MS;
}

let last: { instant: Temporal.Instant | undefined; seconds: number; nanos: number } = {
  instant: undefined,
  seconds: 0,
  nanos: 0,
};

/** Messages of the same time mostly share the object. */
export function writeInstant(writer: Writer, instant: Temporal.Instant): void {
  if (instant !== last.instant) last = { instant, ...partsOf(instant) };
  writer.int64(1, last.seconds);
  writer.int32(2, last.nanos);
}

function partsOf({ epochMilliseconds, epochNanoseconds }: Temporal.Instant): TimeDraft {
  // Both are rounded towards the past, also before 1970: nanos count upwards.
  const seconds = Math.floor(epochMilliseconds / 1000);
  return { seconds, nanos: Number(epochNanoseconds - BigInt(seconds) * NANOS_PER_SECOND) };
}

export function writeMilliseconds(writer: Writer, ms: number): void {
  writer.int64(1, Math.floor(ms / 1000));
  writer.int32(2, Math.round((ms % 1000) * NANOS_PER_MS));
}

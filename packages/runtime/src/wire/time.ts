import { create } from '@bufbuild/protobuf';
import {
  type Duration,
  DurationSchema,
  type Timestamp,
  TimestampSchema,
} from '@bufbuild/protobuf/wkt';

const NANOS_PER_SECOND = 1_000_000_000n;

export function instantFromWire(wire: Timestamp | undefined): Temporal.Instant | undefined {
  if (!wire) return undefined;
  return Temporal.Instant.fromEpochNanoseconds(
    wire.seconds * NANOS_PER_SECOND + BigInt(wire.nanos),
  );
}

export function instantToWire(instant: Temporal.Instant): Timestamp {
  const nanos = instant.epochNanoseconds;
  // The remainder of a time before 1970 is negative, but the wire wants nanos to count upwards.
  const fraction = ((nanos % NANOS_PER_SECOND) + NANOS_PER_SECOND) % NANOS_PER_SECOND;
  return create(TimestampSchema, {
    seconds: (nanos - fraction) / NANOS_PER_SECOND,
    nanos: Number(fraction),
  });
}

export function durationFromWire(wire: Duration | undefined): Temporal.Duration {
  return Temporal.Duration.from({
    seconds: Number(wire?.seconds ?? 0n),
    nanoseconds: wire?.nanos ?? 0,
  });
}

export function durationToWire(duration: Temporal.Duration): Duration {
  const whole = duration.round({ largestUnit: 'seconds' });
  const { milliseconds, microseconds, nanoseconds } = whole;
  return create(DurationSchema, {
    seconds: BigInt(whole.seconds),
    nanos: milliseconds * 1_000_000 + microseconds * 1000 + nanoseconds,
  });
}

export function millisecondsFromWire(wire: Duration | undefined): number | undefined {
  return wire && Number(wire.seconds) * 1000 + wire.nanos / 1_000_000;
}

export function millisecondsToWire(ms: number): Duration {
  return create(DurationSchema, {
    seconds: BigInt(Math.floor(ms / 1000)),
    nanos: Math.round((ms % 1000) * 1_000_000),
  });
}

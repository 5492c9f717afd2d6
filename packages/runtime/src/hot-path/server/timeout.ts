import { LONGEST_TIMER_MS } from '../../contract/longest-timer.ts';

const MILLISECONDS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** gRPC's header of that name in milliseconds: Infinity without one, NaN for what is none. */
export function parseTimeout(header: string | string[] | undefined): number {
  if (header === undefined) return Number.POSITIVE_INFINITY;
  const [, digits, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(String(header)) ?? [];
  const ms = Number(digits) * (MILLISECONDS[unit] ?? 0);
  return ms > LONGEST_TIMER_MS ? Number.POSITIVE_INFINITY : ms;
}

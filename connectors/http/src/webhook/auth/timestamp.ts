/** How old a signed timestamp may be, and how far ahead of our clock. */
export interface Tolerance {
  readonly toleranceSeconds: number;
  readonly futureSkewSeconds: number;
}

/** Digits only: `Number` would take "1e3", " 7" and "0x7" as well. */
const SECONDS = /^[1-9]\d{0,11}$/;

/** Whether the timestamp, seconds since 1970, is one of now. */
export function isFresh(
  timestamp: string,
  { toleranceSeconds, futureSkewSeconds }: Tolerance,
): boolean {
  if (!SECONDS.test(timestamp)) return false;
  const age = Math.floor(Date.now() / 1000) - Number(timestamp);
  return age <= toleranceSeconds && age >= -futureSkewSeconds;
}

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/** Pause after so many failures in a row: 1 s, 2 s, 4 s … 30 s. */
export function backoffAfter(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
}

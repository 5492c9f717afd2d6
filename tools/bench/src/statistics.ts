export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One value per round, and their spread. A round that failed has NaN, and no part in the spread. */
export interface Rounds extends Spread {
  readonly values: readonly number[];
}

/** undefined if every round failed. */
export function roundsOf(values: readonly number[]): Rounds | undefined {
  const present = values.filter(Number.isFinite);
  return present.length === 0 ? undefined : { ...spreadOf(present), values };
}

/** Of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error('there is no spread of no values');
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

/** Round by round, then the spread of that: what slows both down leaves it as it is. */
export function ratioOf({ values }: Rounds, { values: base }: Rounds): Spread | undefined {
  const ratios = values
    .map((value, round) => value / (base[round] ?? Number.NaN))
    .filter(Number.isFinite);
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}

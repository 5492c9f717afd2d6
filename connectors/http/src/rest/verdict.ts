import type { RestSettings } from './settings.ts';

/** What the settings say of a status; undefined = what it means anyway. */
export type Verdict = (status: number) => 'success' | 'retry' | undefined;

/** Compiles `successStatus` and `retryStatus`; success wins. */
export function compileVerdict({
  successStatus,
  retryStatus,
}: Pick<RestSettings, 'successStatus' | 'retryStatus'>): Verdict {
  const successes = parseRanges(successStatus);
  const retries = parseRanges(retryStatus);
  return (status) => {
    if (isIn(status, successes)) return 'success';
    return isIn(status, retries) ? 'retry' : undefined;
  };
}

type Range = readonly [from: number, to: number];

function parseRanges(texts: readonly string[]): Range[] {
  return texts.map((text) => {
    const [from = '', to = from] = text.split('-');
    return [Number(from), Number(to)];
  });
}

function isIn(status: number, ranges: readonly Range[]): boolean {
  return ranges.some(([from, to]) => status >= from && status <= to);
}

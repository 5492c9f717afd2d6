import { Type } from 'typebox';

/** One entry of a list of statuses. */
export const StatusRange = Type.String({
  pattern: '^[2-5][0-9]{2}(-[2-5][0-9]{2})?$',
  description: 'A status, or the first and the last of several: `200-299`.',
});

/** Whether a status is in a list such as `['200-299', '409']`. */
export function statusMatcher(ranges: readonly string[]): (status: number) => boolean {
  const parsed = ranges.map((text) => {
    const [from = '', to = from] = text.split('-');
    return { from: Number(from), to: Number(to) };
  });
  return (status) => parsed.some(({ from, to }) => status >= from && status <= to);
}

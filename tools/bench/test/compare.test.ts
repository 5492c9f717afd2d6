import { expect, test } from 'vitest';
import { compare, type Sample, tableOf } from '../protocols/compare.ts';

test('contestants take turns, and ratios are taken round by round', async () => {
  const order: string[] = [];
  const contestant = (name: string, rates: number[]) => ({
    name,
    async run(): Promise<Sample> {
      order.push(name);
      return { messages: rates.shift() ?? 0, seconds: 1, anonPeak: 2 ** 20 };
    },
  });
  // The machine is half as fast in the second round: both are, and their ratio stays.
  const comparison = {
    title: 'work',
    contestants: [contestant('bare', [400, 200, 400]), contestant('ours', [300, 150, 300])],
  } as const;
  const result = await compare(comparison, 3, () => {});

  expect(order).toEqual(['bare', 'ours', 'ours', 'bare', 'bare', 'ours']);
  expect(result.standings[1]).toMatchObject({
    rate: { median: 300, min: 150, max: 300 },
    ratio: { median: 0.75, min: 0.75, max: 0.75 },
  });
  expect(tableOf(result)).toContain('| ours | 300 | 150..300 | 0.75 | 0.75..0.75 | 1 |');
});

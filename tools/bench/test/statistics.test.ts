import { expect, test } from 'vitest';
import { ratioOf, roundsOf, spreadOf } from '../src/statistics.ts';

test.each([
  [[7], { median: 7, min: 7, max: 7 }],
  [[3, 1, 2], { median: 2, min: 1, max: 3 }],
  [[10, 1, 3, 2], { median: 2.5, min: 1, max: 10 }],
])('the spread of %j', (values, expected) => {
  expect(spreadOf(values)).toEqual(expected);
});

test('no values have no spread', () => {
  expect(() => spreadOf([])).toThrow('no values');
});

test('ratios are taken round by round', () => {
  const own = roundsOf([20, 300, 10]);
  const base = roundsOf([10, 100, 10]);
  expect(own && base && ratioOf(own, base)).toEqual({ median: 2, min: 1, max: 3 });
});

test('a round that failed has no part in spreads and ratios', () => {
  const own = roundsOf([20, Number.NaN, 40]);
  const base = roundsOf([10, 100, Number.NaN]);
  expect(own).toMatchObject({ median: 30, min: 20, max: 40 });
  expect(own && base && ratioOf(own, base)).toEqual({ median: 2, min: 2, max: 2 });
  expect(roundsOf([Number.NaN])).toBeUndefined();
});

import { expect, test } from "vitest";
import { mean, median, pairRatios, spreadOf } from "../../bench/turn-statistics.ts";

test("median of odd and even counts leaves the values as they are", () => {
  const values = [5, 1, 4];
  expect(median(values)).toBe(4);
  expect(values).toEqual([5, 1, 4]);
  expect(median([4, 1, 2, 30])).toBe(3);
  expect(mean([1, 2, 6])).toBe(3);
});

test("of nothing the spread is unknown", () => {
  expect(spreadOf([])).toBeNull();
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
});

test("ratios are of the same turn, theirs over ours", () => {
  // the machine halves its speed in the second turn: the ratio does not move
  expect(pairRatios([10, 20, 12], [1, 2, 1])).toEqual({ median: 10, min: 10, max: 12 });
  expect(() => pairRatios([1], [1, 2])).toThrow(RangeError);
});

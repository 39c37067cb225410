// Statistics and tables of the benchmarks.
import { expect, test } from "vitest";
import { commonStep, fitLine, mean, median, pairRatios, spread, spreadOrNull } from "../../bench/statistics.ts";
import { formatMarkdown, formatTable, percent, significant } from "../../bench/text-table.ts";

test("median of odd and even counts, without changing what it is given", () => {
  const values = [5, 1, 3];
  expect(median(values)).toBe(3);
  expect(values).toEqual([5, 1, 3]);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("spread and ratios pair by pair", () => {
  expect(spread([2, 9, 4])).toEqual({ median: 4, min: 2, max: 9 });
  expect(pairRatios([6, 20, 1], [2, 5])).toEqual([3, 4]);
  // the machine halves its speed in the second turn: the ratio does not move
  expect(spreadOrNull(pairRatios([10, 20, 12], [1, 2, 1]))).toEqual({ median: 10, min: 10, max: 12 });
  expect(spreadOrNull([])).toBeNull();
  expect(mean([1, 2, 6])).toBe(3);
});

test("the step of a clock is what divides all differences", () => {
  expect(commonStep([0n, 65536n, 3n * 65536n])).toBe(65536n);
  expect(commonStep([100n, 164n, 132n])).toBe(32n);
  expect(commonStep([7n, 7n])).toBeNull();
  expect(commonStep([])).toBeNull();
});

test("a line through points of different sizes", () => {
  const points = [1, 10, 1000].map((x) => ({ x, y: 3 + 2 * x }));
  const line = fitLine(points)!;
  expect(line.offset).toBeCloseTo(3, 9);
  expect(line.slope).toBeCloseTo(2, 9);
  expect(fitLine(points.slice(0, 1))).toBeNull();
  expect(fitLine([points[0]!, points[0]!])).toBeNull();
});

const columns = [
  { title: "N", show: ({ n }: { n: number; rate: number | null }) => n },
  { title: "rate", show: ({ rate }: { n: number; rate: number | null }) => rate },
];

test("tables: aligned to the right, unknown is a dash", () => {
  const rows = [
    { n: 8, rate: 12345 },
    { n: 1024, rate: null },
  ];
  expect(formatTable(columns, rows)).toEqual(["   N   rate", "   8  12345", "1024      -"]);
  expect(formatMarkdown(columns, rows)).toEqual([
    "| N    | rate  |",
    "| ---- | ----- |",
    "| 8    | 12345 |",
    "| 1024 | -     |",
  ]);
  expect(formatTable(columns, [])).toEqual(["N  rate"]);
});

test("numbers in tables keep three digits and no exponent", () => {
  expect(significant(1234567)).toBe("1234567");
  expect(significant(0.00123456)).toBe("0.00123");
  expect(significant(98.76)).toBe("98.8");
  expect(significant(0)).toBe("0");
  expect(significant(null)).toBeNull();
  expect(significant(NaN)).toBeNull();
  expect(percent(0.256)).toBe("26 %");
  expect(percent(null)).toBeNull();
});

// What bench:scale varies: one quantity at a time, and costs relative to work.
import { expect, test } from "vitest";
import { makeSeries, relativeCosts, SERIES_NAMES } from "../../bench/scale-series.ts";
import { makeTimingProblem } from "../../bench/synthetic.ts";

test("a series changes one thing, and takes the values it is given", () => {
  const { points } = makeSeries("patterns", false, [10, 20]);
  expect(points.map(({ shape }) => shape.patternCount)).toEqual([10, 20]);
  expect(points.map(({ work }) => work)).toEqual([10, 20]);
  for (const name of SERIES_NAMES) {
    const [first, second] = makeSeries(name, true).points;
    const changed = Object.keys({ ...first!.shape, ...second!.shape }).filter(
      (key) => first!.shape[key as "size"] !== second!.shape[key as "size"],
    );
    expect(changed, name).toHaveLength(1);
  }
});

test("hardware gets up to 50,000 patterns", () => {
  expect(makeSeries("patterns", false).points.map(({ value }) => value)).toEqual([500, 2000, 10_000, 50_000]);
});

test("costs are per work and relative to the first point of the same round", () => {
  const points = makeSeries("patterns", true, [8, 16]).points;
  const seconds = [
    [1, 2],
    [2, 6],
  ];
  expect(relativeCosts(points, seconds)).toEqual([
    [1, 1],
    [1, 1.5],
  ]);
});

test("step and margin change the canvas, not the patterns", () => {
  const shape = { size: 16, modeCount: 1, patternCount: 9, batchSize: 9 };
  const side = (more: object) => makeTimingProblem({ ...shape, ...more }).object.shape[1];
  expect(side({})).toBe(3 * 2 + 16 + 50);
  expect(side({ stepPx: 10 })).toBe(3 * 10 + 16 + 50);
  expect(side({ marginPx: 100 })).toBe(3 * 2 + 16 + 100);
});

// Bytes and operations by model, against the counts of performance.md.
import { expect, test } from "vitest";
import {
  fftBytes,
  fftFlops,
  leastPlanes,
  planeBytes,
  STAGE_MODELS,
  stageCost,
  type Workload,
} from "../../bench/cost-model.ts";
import { makeTimingProblem } from "../../bench/synthetic.ts";
import { countTouchedPixels } from "../../bench/touched-pixels.ts";

const u = planeBytes(64);
const workload: Workload = {
  size: 64,
  modes: 1,
  noise: "gaussian",
  sampleBytes: 4,
  canvasPixels: 5000,
  minibatches: [{ patterns: 10, objectPixels: 1000 }],
};

test("units: a plane of 128^2 is 131 kB, a transform in two passes 32 N^2 bytes and 1.15 Mflop", () => {
  expect(planeBytes(128)).toBe(131_072);
  expect(fftBytes(128)).toBe(32 * 128 ** 2);
  expect(fftFlops(128) / 1e6).toBeCloseTo(1.147, 3);
  expect(fftFlops(256) / 1e6).toBeCloseTo(5.243, 3);
});

test("least planes per pattern are those of the table in performance.md 3.3", () => {
  expect(leastPlanes(1, "two-pass")).toBe(12.5);
  expect(leastPlanes(4, "two-pass")).toBe(31.5);
  expect(leastPlanes(1, "resident")).toBe(6.5);
  expect(leastPlanes(4, "resident")).toBe(13.5);
});

test("stages by hand: the detector reads and writes waves, reads patterns and the mask", () => {
  expect(stageCost("detector", workload)!.bytes).toBe(10 * 2 * u + 10 * 64 * 64 * 4 + 4 * 64 * 64);
  expect(stageCost("shift probe", workload)).toEqual({
    bytes: 10 * u + u,
    flops: 10 * (fftFlops(64) / 2 + 41 * 64 * 64),
  });
});

test("the Poisson model looks at waves more often and at patterns three times more", () => {
  const poisson = { ...workload, noise: "poisson" as const };
  const data = 10 * 64 * 64 * 4;
  expect(stageCost("detector", poisson)!.bytes - stageCost("detector", workload)!.bytes).toBe(10 * 6 * u + data);
  expect(stageCost("poisson steps", poisson)!.bytes).toBe(2 * (10 * u * 0.5 + data));
});

test("costs add up over minibatches; what happens once per epoch does not", () => {
  const twice = { ...workload, minibatches: [...workload.minibatches, ...workload.minibatches] };
  expect(stageCost("step sums", twice)!.bytes).toBe(2 * stageCost("step sums", workload)!.bytes);
  expect(stageCost("constraints", twice)).toEqual(stageCost("constraints", workload));
});

test("every stage costs bytes and operations, and more with more modes or patterns, never less", () => {
  const larger = { ...workload, modes: 4, minibatches: [{ patterns: 20, objectPixels: 2000 }] };
  for (const stage of Object.keys(STAGE_MODELS)) {
    const [cost, more] = [stageCost(stage, workload)!, stageCost(stage, larger)!];
    expect(cost.bytes, stage).toBeGreaterThan(0);
    expect(cost.flops, stage).toBeGreaterThan(0);
    expect(more.bytes, stage).toBeGreaterThanOrEqual(cost.bytes);
    expect(more.flops, stage).toBeGreaterThanOrEqual(cost.flops);
  }
});

test("a stage that is not in the table has no model", () => {
  expect(stageCost("something new", workload)).toBeNull();
  expect(stageCost("toString", workload)).toBeNull();
});

test("touched pixels: one frame for one pattern, the union for several", () => {
  const problem = makeTimingProblem({ size: 16, modeCount: 1, patternCount: 9, batchSize: 9 });
  const near = { ...problem, positionsPx: Float64Array.of(0, 0, 0, 4), originPx: [40, 40] as const };
  expect(countTouchedPixels(near, [0])).toBe(256);
  expect(countTouchedPixels(near, [0, 1])).toBe(16 * 20);
  expect(countTouchedPixels(near, [0, 0])).toBe(256);
  const outside = { ...problem, positionsPx: Float64Array.of(-40, 0), originPx: [40, 40] as const };
  expect(countTouchedPixels(outside, [0])).toBe(8 * 16);
});

// The range of a picture from counts: percentiles, their ends, degenerate images.
import { describe, expect, test } from "vitest";
import { BIN_COUNT, chooseRange, fixedRange, readStatistics } from "../../src/preview/percentile-range.ts";

/** Statistics of values re, im, counted as the device does. */
function count(values: readonly (readonly [number, number])[]) {
  const squares = values.map(([re, im]) => re * re + im * im);
  const sum = [0, 1].map((part) => values.reduce((total, value) => total + value[part]!, 0)) as [number, number];
  const total = squares.reduce((a, b) => a + b, 0);
  const top = 16 * Math.sqrt(total / values.length);
  const bins = new Uint32Array(2 * BIN_COUNT);
  const bin = (share: number) => Math.min(BIN_COUNT - 1, Math.floor(share * BIN_COUNT));
  for (const [re, im] of values) {
    const turn = (Math.atan2(im, re) - Math.atan2(sum[1], sum[0])) / (2 * Math.PI);
    bins[bin(top > 0 ? Math.hypot(re, im) / top : 0)]! += 1;
    bins[BIN_COUNT + bin(turn - Math.floor(turn + 0.5) + 0.5)]! += 1;
  }
  return readStatistics(Float32Array.of(...sum, total, Math.max(...squares)), bins, values.length);
}

const ramp = Array.from({ length: 1000 }, (_, k) => [1 + k / 1000, 0] as const);
const arc = Array.from({ length: 1000 }, (_, k) => [Math.cos(k / 500), Math.sin(k / 500)] as const);

describe("amplitudes", () => {
  test("percentiles within a bin of the exact ones, the ends included", () => {
    const binPx = (16 * Math.sqrt(ramp.reduce((sum, [v]) => sum + v * v, 0) / 1000)) / BIN_COUNT;
    for (const percentile of [
      [1, 99],
      [10, 50],
      [0, 100],
    ] as const) {
      const { low, high, map } = chooseRange(count(ramp), "amplitude", percentile);
      expect(Math.abs(low - (1 + percentile[0] / 100))).toBeLessThan(2 * binPx);
      expect(Math.abs(high - (1 + percentile[1] / 100))).toBeLessThan(2 * binPx);
      expect(map).toBe("grey");
    }
  });
  test("one outlier of 10000 does not decide, unless everything is asked for", () => {
    const spiked = [...ramp, [10_000, 0] as const];
    const statistics = count(spiked);
    expect(chooseRange(statistics, "amplitude", [1, 99]).high).toBeLessThan(10);
    expect(chooseRange(statistics, "amplitude", [1, 100]).high).toBeCloseTo(10_000, 2);
  });
  test("equal values, zeros and nothing at all still give two ends", () => {
    for (const values of [
      [[2, 0]],
      [[0, 0]],
      [
        [2, 0],
        [2, 0],
      ],
    ] as [number, number][][]) {
      const { low, high } = chooseRange(count(values), "amplitude", [1, 99]);
      expect(high).toBeGreaterThan(low);
    }
    const nothing = readStatistics(new Float32Array(4), new Uint32Array(2 * BIN_COUNT), 1);
    const { low, high } = chooseRange(nothing, "phase-and-amplitude", [1, 99]);
    expect(Number.isFinite(low) && high > low).toBe(true);
  });
});

describe("phases", () => {
  test("a small span is stretched about the phase of the sum", () => {
    const { low, high, map, referenceRad } = chooseRange(count(arc), "phase", [0, 100]);
    expect(referenceRad).toBeCloseTo(1, 2);
    expect(low).toBeCloseTo(-1, 2);
    expect(high).toBeCloseTo(1, 2);
    expect(map).toBe("rising");
  });
  test("more than half a turn takes the whole turn and the cyclic map", () => {
    const wide = arc.map(([re, im], k) => (k % 2 === 0 ? ([re, im] as const) : ([-re, -im] as const)));
    const range = chooseRange(count([...wide, [5, 0]]), "phase", [1, 99]);
    expect(range).toMatchObject({ low: -Math.PI, high: Math.PI, map: "cyclic" });
  });
  test("a range that is asked for is taken", () => {
    expect(fixedRange(count(arc), "phase", [-0.5, 0.25])).toMatchObject({ low: -0.5, high: 0.25, map: "rising" });
    expect(fixedRange(count(arc), "phase", [-3, 3])).toMatchObject({ map: "cyclic" });
    expect(fixedRange(count(arc), "amplitude", [0, 2])).toMatchObject({ low: 0, high: 2, map: "grey" });
  });
});

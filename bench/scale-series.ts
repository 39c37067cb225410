// What bench:scale varies, one quantity at a time, and what an epoch should grow with.

import { leastPlanes } from "./cost-model.ts";
import type { TimingProblem } from "./synthetic.ts";

export interface ScalePoint {
  /** Value of what is varied. */
  readonly value: number;
  readonly shape: TimingProblem;
  /** Work of an epoch in the series' own unit: cost over work should not grow. */
  readonly work: number;
}

export interface ScaleSeries {
  readonly name: "patterns" | "size" | "modes" | "step" | "margin";
  readonly title: string;
  readonly points: readonly ScalePoint[];
}

export type SeriesName = ScaleSeries["name"];
export const SERIES_NAMES: readonly SeriesName[] = ["patterns", "size", "modes", "step", "margin"];

/** Values by default: hardware, then software adapters, where one epoch of the largest takes some seconds. */
const DEFAULTS: Readonly<Record<SeriesName, readonly [hardware: readonly number[], software: readonly number[]]>> = {
  patterns: [
    [500, 2000, 10_000, 50_000],
    [96, 192, 384, 768],
  ],
  size: [
    [32, 64, 96, 128, 192, 256, 512],
    [32, 48, 64, 96],
  ],
  modes: [
    [1, 2, 4, 8, 16],
    [1, 2, 4, 8],
  ],
  step: [
    [2, 4, 8, 16, 32, 64],
    [2, 8, 32],
  ],
  margin: [
    [50, 512, 2048, 4096],
    [50, 512, 1024],
  ],
};

/** A series with its usual values or the given ones. */
export function makeSeries(name: SeriesName, software: boolean, given?: readonly number[]): ScaleSeries {
  const batchSize = 96;
  const base = { size: 64, modeCount: 1, patternCount: software ? 192 : 1920, batchSize };
  const values = given ?? DEFAULTS[name][software ? 1 : 0];
  const point: Record<SeriesName, (value: number) => Omit<ScalePoint, "value">> = {
    patterns: (value) => ({ shape: { ...base, patternCount: value }, work: value }),
    size: (value) => ({ shape: { ...base, size: value, patternCount: base.patternCount / 2 }, work: value ** 2 }),
    modes: (value) => ({
      shape: { ...base, modeCount: value, patternCount: base.patternCount / 2 },
      work: leastPlanes(value, "two-pass"),
    }),
    step: (value) => ({ shape: { ...base, stepPx: value }, work: 1 }),
    margin: (value) => ({ shape: { ...base, marginPx: value }, work: 1 }),
  };
  const titles: Record<SeriesName, string> = {
    patterns: "patterns in the scan; cost per pattern",
    size: "pixels per side of a pattern; cost per pixel",
    modes: "probe modes; cost per plane that a fused engine moves",
    step: "pixels between positions, so object area; cost of an epoch",
    margin: "canvas beyond the scanned area, px; cost of an epoch",
  };
  return { name, title: titles[name], points: values.map((value) => ({ value, ...point[name](value) })) };
}

/** Cost over work of every point, relative to the first one in the same round: [point][round]. */
export function relativeCosts(points: readonly ScalePoint[], seconds: readonly (readonly number[])[]): number[][] {
  return points.map(({ work }, k) =>
    seconds[k]!.map((value, round) => value / work / (seconds[0]![round]! / points[0]!.work)),
  );
}

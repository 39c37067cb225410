// Constants that say how patterns are packed, what the detector kernels scale by, and which loss is reported.

import type { PatternSource } from "../data/dataset.ts";
import type { ReconstructOptions } from "../options.ts";
import type { LsqmlProblem } from "./problem.ts";

const NOTHING_EXCLUDED = -3e38;

/** Numbers that the kernels at the detector share (lsqml.md step 4). */
export function describeDetector(problem: LsqmlProblem, pixels: number) {
  const { excludeMeasuredPixelsBelow: threshold, gaussianNoiseStd } = problem.options;
  const amplitudeScale = problem.amplitudeScale ?? 1;
  return {
    amplitudeScale,
    excludeBelow: threshold === null ? NOTHING_EXCLUDED : threshold * amplitudeScale ** 2,
    gaussianResidualScale: -1 / (4 * gaussianNoiseStd ** 2 * pixels),
    poissonResidualScale: -1 / pixels,
  };
}

/** How the patterns are packed, for shaders/lib/measured.wgsl. */
export function describeSamples(patterns: PatternSource, frame: readonly [number, number]): Record<string, number> {
  return {
    SAMPLE_UINT16: patterns.sampleType === "uint16" ? 1 : 0,
    SAMPLE_INTENSITY: patterns.quantity === "intensity" ? 1 : 0,
    PATTERN_WORDS: patterns.patternBytes / 4,
    LAYOUT_OFFSET: patterns.layout.offset,
    LAYOUT_ROW: patterns.layout.rowStride,
    LAYOUT_COLUMN: patterns.layout.columnStride,
    HEIGHT: frame[0],
    WIDTH: frame[1],
  };
}

/** Which loss shaders/lib/loss.wgsl computes. */
export function chooseLoss(options: ReconstructOptions): { LOSS: number; LOSS_SCALE: number } {
  if (options.displayedLoss === "mse") return { LOSS: 1, LOSS_SCALE: 1 };
  if (options.displayedLoss === "mse-sqrt") return { LOSS: 0, LOSS_SCALE: 1 };
  if (options.noiseModel === "poisson") return { LOSS: 3, LOSS_SCALE: 1 };
  return { LOSS: 0, LOSS_SCALE: 1 / (2 * options.gaussianNoiseStd ** 2) };
}

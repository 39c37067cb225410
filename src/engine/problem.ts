// What the engine solves: patterns, starting point, geometry and options, already on the canvas.

import type { ComplexArray } from "../complex.ts";
import type { PatternSource } from "../data/dataset.ts";
import { GpuError, OptionsError } from "../errors.ts";
import type { ReconstructOptions } from "../options.ts";
import type { MinibatchPlan } from "../schedule/schedule.ts";

export interface LsqmlProblem {
  readonly patterns: PatternSource;
  /** [position] sum of the intensity of a pattern. */
  readonly totalIntensity: ArrayLike<number>;
  /** [y, x], zero frequency at (h//2, w//2); 1 = valid. */
  readonly mask: Uint8Array | null;
  /** [slice, y, x]. */
  readonly object: ComplexArray;
  /** [oprMode, mode, y, x]. */
  readonly probe: ComplexArray;
  /** [position, 2] (y, x), relative to the origin. */
  readonly positionsPx: ArrayLike<number>;
  readonly originPx: readonly [number, number];
  readonly plan: MinibatchPlan;
  readonly options: ReconstructOptions;
  /** Factor on measured amplitudes; `totalIntensity` and the probe are given at that scale already. Default 1. */
  readonly amplitudeScale?: number;
}

/** Sizes every part of the engine uses. */
export interface ProblemSize {
  /** Pattern rows and columns. */
  readonly frame: readonly [number, number];
  readonly canvasShape: readonly [number, number];
  readonly modeCount: number;
  readonly patternCount: number;
}

/** Reads the sizes and refuses what the engine cannot do. */
export function measureProblem(problem: LsqmlProblem): ProblemSize {
  const [oprCount, modeCount, height, width] = problem.probe.shape as [number, number, number, number];
  const [sliceCount, rows, columns] = problem.object.shape as [number, number, number];
  const { patterns } = problem;
  if (problem.probe.shape.length !== 4 || problem.object.shape.length !== 3) {
    throw new GpuError("ENGINE_SHAPE", "expected an object [slice, y, x] and a probe [oprMode, mode, y, x]", {}, 70);
  }
  if (oprCount !== 1) throw new OptionsError("NOT_YET", "OPR modes are not implemented yet", { field: "probe" });
  if (sliceCount !== 1)
    throw new OptionsError("NOT_YET", "multislice objects are not implemented yet", { field: "object" });
  if (problem.plan.mode === "compact")
    throw new OptionsError("NOT_YET", "compact batches are not implemented yet", { field: "batching" });
  if (patterns.heightPx !== height || patterns.widthPx !== width) {
    throw new OptionsError("PROBE_SHAPE", "probe and patterns differ in size", {
      expected: `${patterns.heightPx} x ${patterns.widthPx}`,
      got: `${height} x ${width}`,
    });
  }
  if (modeCount > 32)
    throw new OptionsError("PROBE_MODES", "too many probe modes", { expected: "at most 32", got: String(modeCount) });
  return { frame: [height, width], canvasShape: [rows, columns], modeCount, patternCount: patterns.count };
}

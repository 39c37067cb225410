// Problems for timing: random numbers of the right shapes, jittered raster, half of the probe overlapping.

import { createMinibatchPlan, type LsqmlProblem, parseOptions, type ReconstructOptionsInput } from "../src/index.ts";

export interface TimingProblem {
  readonly size: number;
  readonly modeCount: number;
  readonly patternCount: number;
  readonly batchSize: number;
  /** Distance of neighbouring positions; default an eighth of a pattern. */
  readonly stepPx?: number;
  /** Canvas beyond the scanned area, on both sides together. */
  readonly marginPx?: number;
  readonly options?: ReconstructOptionsInput;
}

/** Repeatable numbers in [0, 1). */
export function makeUniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A problem whose numbers mean nothing but cost the same as real ones. */
export function makeTimingProblem({
  size,
  modeCount,
  patternCount,
  batchSize,
  stepPx: step = size / 8,
  marginPx = 50,
  options = {},
}: TimingProblem): LsqmlProblem {
  const draw = makeUniform(size + 31 * modeCount);
  const pixels = size * size;
  const patternBytes = 4 * pixels;
  const one = Float32Array.from({ length: pixels }, () => 0.5 + draw());
  const bytes = new Uint8Array(one.buffer);
  const across = Math.ceil(Math.sqrt(patternCount));
  const positionsPx = Float64Array.from(
    { length: 2 * patternCount },
    (_, index) =>
      ((index % 2 === 0 ? Math.floor((index >> 1) / across) : (index >> 1) % across) - across / 2 + draw() / 2) * step,
  );
  const canvas = Math.ceil(across * step) + size + marginPx;
  const parsed = parseOptions({ ...options, batchSize, epochs: 1000 });
  return {
    patterns: {
      count: patternCount,
      heightPx: size,
      widthPx: size,
      sampleType: "float32",
      quantity: "amplitude",
      layout: { offset: 0, rowStride: size, columnStride: 1 },
      patternBytes,
      read: async (indices, target) => {
        for (let k = 0; k < indices.length; k++) target.set(bytes, k * patternBytes);
      },
      close: async () => {},
    },
    totalIntensity: new Float64Array(patternCount).fill(one.reduce((sum, value) => sum + value * value, 0)),
    mask: null,
    object: {
      shape: [1, canvas, canvas],
      data: Float32Array.from({ length: 2 * canvas * canvas }, (_, index) => (index % 2 === 0 ? 1 : 0.2 * draw())),
    },
    probe: {
      shape: [1, modeCount, size, size],
      data: Float32Array.from(
        { length: 2 * modeCount * pixels },
        (_, index) => draw() / (1 + Math.floor(index / (2 * pixels))),
      ),
    },
    positionsPx,
    originPx: [Math.round(canvas / 2) - 0.5, Math.round(canvas / 2) - 0.5],
    plan: createMinibatchPlan({
      count: patternCount,
      batchSize,
      batching: "random",
      evenBatches: false,
      seed: 0,
      positionsPx,
    }),
    options: parsed,
  };
}

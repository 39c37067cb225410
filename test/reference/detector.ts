// What happens at the detector: measured patterns as the source packs them, losses, residuals, Poisson steps
// (lsqml.md steps 4, 5 and 13).

import type { PatternSource } from "../../src/data/dataset.ts";
import type { ReconstructOptions } from "../../src/options.ts";
import { intensityOf, type Plane } from "./planes.ts";

/** [pattern][y, x] intensities with the zero frequency at [0, 0], in float64. */
export async function readIntensities(source: PatternSource): Promise<Float64Array[]> {
  const { heightPx: height, widthPx: width, layout } = source;
  const bytes = new Uint8Array(source.patternBytes);
  const view = new DataView(bytes.buffer);
  const patterns: Float64Array[] = [];
  for (let j = 0; j < source.count; j++) {
    await source.read([j], bytes);
    const centred = Array.from({ length: height * width }, (_, pixel) => {
      const sample =
        layout.offset + Math.floor(pixel / width) * layout.rowStride + (pixel % width) * layout.columnStride;
      const value =
        source.sampleType === "uint16" ? view.getUint16(2 * sample, true) : view.getFloat32(4 * sample, true);
      return source.quantity === "intensity" ? value : value * value;
    });
    patterns.push(Float64Array.from(moveZeroFrequency(centred, height, width)));
  }
  return patterns;
}

/** The centred array, zero frequency at (h//2, w//2), with that pixel at [0, 0]. */
export function moveZeroFrequency(centred: ArrayLike<number>, height: number, width: number): number[] {
  const moved: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const row = (y + Math.floor(height / 2)) % height;
      moved.push(centred[row * width + ((x + Math.floor(width / 2)) % width)]!);
    }
  }
  return moved;
}

/** y = sum over modes |Psi|^2. */
export function modelIntensity(waves: readonly Plane[]): Float64Array {
  const sum = new Float64Array(waves[0]!.length / 2);
  for (const wave of waves) for (const [pixel, value] of intensityOf(wave).entries()) sum[pixel]! += value;
  return sum;
}

/** Loss of a pattern, summed over all its pixels; the mask is ignored. */
export function sumLoss(y: Float64Array, measured: Float64Array, options: ReconstructOptions): number {
  const squaredDifference = (model: number, data: number) => (Math.sqrt(model + 1e-7) - Math.sqrt(data + 1e-7)) ** 2;
  return y.reduce((sum, model, pixel) => {
    const data = measured[pixel]!;
    if (options.displayedLoss === "mse") return sum + (model - data) ** 2;
    if (options.displayedLoss === "mse-sqrt") return sum + squaredDifference(model, data);
    if (options.noiseModel === "poisson") return sum + model - data * Math.log(model + 1e-8);
    return sum + squaredDifference(model, data) / (2 * options.gaussianNoiseStd ** 2);
  }, 0);
}

/** Pixels that constrain: valid, and above the limit where there is one. */
export function listConstrainingPixels(
  measured: Float64Array,
  valid: readonly number[] | null,
  options: ReconstructOptions,
): boolean[] {
  const limit = options.excludeMeasuredPixelsBelow;
  return Array.from(measured, (data, pixel) => valid?.[pixel] !== 0 && (limit === null || data > limit));
}

/** Psi' - Psi of the Gaussian model by pixel, as a factor on Psi. */
export function gaussianFactor(y: Float64Array, measured: Float64Array, used: boolean[], sigma: number): Float64Array {
  return y.map((model, pixel) => {
    if (!used[pixel]) return 0;
    return -(1 - Math.sqrt(measured[pixel]!) / (Math.sqrt(model) + 1e-9)) / (4 * sigma ** 2);
  });
}

/** Psi' - Psi of the Poisson model by pixel, as a factor on Psi. */
export function poissonFactor(y: Float64Array, measured: Float64Array, used: boolean[], step: number): Float64Array {
  return y.map((model, pixel) => (used[pixel] ? -step * (1 - measured[pixel]! / (model + 1e-6)) : 0));
}

/** Both damped passes for the exit-wave steps of a minibatch, [position]; the random term is left out. */
export function solvePoissonSteps(
  previous: readonly number[],
  y: readonly Float64Array[],
  measured: readonly Float64Array[],
  used: readonly boolean[][],
): number[] {
  let steps = [...previous];
  for (let pass = 0; pass < 2; pass++) {
    const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
    steps = steps.map((_, j) => {
      let numerator = 0;
      let denominator = 0;
      for (const [pixel, model] of y[j]!.entries()) {
        const data = measured[j]![pixel]!;
        const xi = used[j]![pixel] ? 1 - data / (model + 1e-5) : 0;
        numerator += xi * (model - (data === 0 ? 0 : data / (1 - mean * xi)));
        denominator += xi * xi * model;
      }
      const solution = denominator > 0 ? numerator / denominator : 0;
      return Math.min(1, Math.max(0, 0.5 * mean + 0.5 * solution));
    });
  }
  return steps;
}

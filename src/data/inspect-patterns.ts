// What the mean pattern shows: where its centre lies, which pixels are dead or hot, how many photons a pattern holds.

import { gatherPattern, type OrientedPattern } from "./orientation.ts";
import type { PatternStatistics, PixelStatistics } from "./pattern-statistics.ts";

/** Position of the light on the detector, in pixels of the oriented pattern (y, x). */
export interface Centring {
  readonly centreOfMassPx: readonly [number, number];
  /** Where zero frequency is expected: (h//2, w//2). */
  readonly expectedPx: readonly [number, number];
  readonly distancePx: number;
  /** True when the corners are brighter than the middle: the patterns look like they still need an fftshift. */
  readonly cornerCentred: boolean;
}

/** Pixels that stand out; the lists hold the first few (y, x) of the oriented pattern. */
export interface OddPixels {
  readonly deadCount: number;
  readonly dead: readonly (readonly [number, number])[];
  readonly hotCount: number;
  readonly hot: readonly (readonly [number, number])[];
  /** Pixels that are zero in every pattern, dead or merely dark. */
  readonly neverLitCount: number;
}

/** Spread of the summed intensity of a pattern, in the file's units. */
export interface IntensitySpread {
  readonly smallest: number;
  readonly median: number;
  readonly largest: number;
  readonly mean: number;
  readonly zeroPatterns: number;
}

const shownPixels = 5;
const cornerFactor = 2;
/** A hot pixel outshines the median of its neighbours this often. */
const hotFactor = 20;
/** Around a dead pixel the median neighbour is lit in at least this share of the patterns. */
const litShare = 0.5;

/**
 * Centre of mass and corner test of the mean pattern from its intensity in storage order; `mask` 1 = valid, of the oriented
 * pattern. Null when it is dark.
 */
export function measureCentring(
  intensitySum: Float64Array,
  oriented: OrientedPattern,
  mask: Uint8Array | null,
): Centring | null {
  const { heightPx, widthPx } = oriented;
  const mean = gatherPattern(intensitySum, oriented);
  let total = 0;
  let momentY = 0;
  let momentX = 0;
  let middle = 0;
  let corners = 0;
  for (let y = 0; y < heightPx; y++) {
    const innerRow = y >= heightPx / 4 && y < (3 * heightPx) / 4;
    for (let x = 0; x < widthPx; x++) {
      if (mask?.[y * widthPx + x] === 0) continue;
      const value = mean[y * widthPx + x]!;
      const innerColumn = x >= widthPx / 4 && x < (3 * widthPx) / 4;
      total += value;
      momentY += y * value;
      momentX += x * value;
      if (innerRow && innerColumn) middle += value;
      if (!innerRow && !innerColumn) corners += value;
    }
  }
  if (total === 0) return null;
  const centreOfMassPx = [momentY / total, momentX / total] as const;
  const expectedPx = [Math.floor(heightPx / 2), Math.floor(widthPx / 2)] as const;
  const distancePx = Math.hypot(centreOfMassPx[0] - expectedPx[0], centreOfMassPx[1] - expectedPx[1]);
  return { centreOfMassPx, expectedPx, distancePx, cornerCentred: corners > cornerFactor * middle };
}

/** Dead and hot pixels by comparison with their eight neighbours; masked pixels are not counted. */
export function findOddPixels(
  pixels: PixelStatistics,
  oriented: OrientedPattern,
  mask: Uint8Array | null,
  patternCount: number,
): OddPixels {
  const { heightPx, widthPx } = oriented;
  const intensity = gatherPattern(pixels.intensitySum, oriented);
  const lit = gatherPattern(Float64Array.from(pixels.positiveCount), oriented);
  const dead: (readonly [number, number])[] = [];
  const hot: (readonly [number, number])[] = [];
  let neverLitCount = 0;
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const at = y * widthPx + x;
      if (mask?.[at] === 0) continue;
      if (lit[at] === 0) {
        neverLitCount++;
        if (neighbourMedian(lit, y, x, oriented) >= litShare * patternCount) dead.push([y, x]);
      } else {
        const around = neighbourMedian(intensity, y, x, oriented);
        if (intensity[at]! > hotFactor * around && lit[at]! >= litShare * patternCount) hot.push([y, x]);
      }
    }
  }
  return {
    deadCount: dead.length,
    dead: dead.slice(0, shownPixels),
    hotCount: hot.length,
    hot: hot.slice(0, shownPixels),
    neverLitCount,
  };
}

/** Spread of `statistics.totalIntensity`. */
export function intensitySpread(statistics: PatternStatistics): IntensitySpread {
  const sorted = statistics.totalIntensity.slice().sort();
  const count = sorted.length;
  const upper = sorted[Math.floor(count / 2)]!;
  const median = count % 2 === 1 ? upper : (sorted[count / 2 - 1]! + upper) / 2;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / count;
  return {
    smallest: sorted[0]!,
    median,
    largest: sorted[count - 1]!,
    mean,
    zeroPatterns: statistics.zeroPatterns,
  };
}

function neighbourMedian(values: Float64Array, y: number, x: number, oriented: OrientedPattern): number {
  const { heightPx, widthPx } = oriented;
  const around: number[] = [];
  for (let row = Math.max(0, y - 1); row <= Math.min(heightPx - 1, y + 1); row++) {
    for (let column = Math.max(0, x - 1); column <= Math.min(widthPx - 1, x + 1); column++) {
      if (row !== y || column !== x) around.push(values[row * widthPx + column]!);
    }
  }
  around.sort((a, b) => a - b);
  return around[Math.floor(around.length / 2)]!;
}

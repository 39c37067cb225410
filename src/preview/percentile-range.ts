// The range of a picture from histograms that were made on the device.

import type { PreviewKind, PreviewRange } from "./preview-image.ts";

/** Bins of each histogram (shaders/preview-histogram.wgsl). */
export const BIN_COUNT = 2048;
/** Root mean squares that the bins of the moduli span. */
const SPAN = 16;

/** What the device has counted in a box. */
export interface ImageStatistics {
  /** Sum of the values as re, im. */
  readonly sum: readonly [number, number];
  readonly rootMeanSquare: number;
  readonly largestModulus: number;
  /** [bin] up to 16 root mean squares; the last bin holds everything above. */
  readonly moduli: Uint32Array;
  /** [bin] from -pi to pi about the phase of the sum. */
  readonly phases: Uint32Array;
}

/** Joins the partial sums [group, 4] and the counts [modulus, phase][bin] of a box of `pixelCount` pixels. */
export function readStatistics(partials: Float32Array, bins: Uint32Array, pixelCount: number): ImageStatistics {
  const sum: [number, number] = [0, 0];
  let squares = 0;
  let largest = 0;
  for (let at = 0; at < partials.length; at += 4) {
    sum[0] += partials[at]!;
    sum[1] += partials[at + 1]!;
    squares += partials[at + 2]!;
    largest = Math.max(largest, partials[at + 3]!);
  }
  return {
    sum,
    rootMeanSquare: Math.sqrt(squares / pixelCount),
    largestModulus: Math.sqrt(largest),
    moduli: bins.subarray(0, BIN_COUNT),
    phases: bins.subarray(BIN_COUNT, 2 * BIN_COUNT),
  };
}

/** Ends of the colour map by percentiles, 0 ... 100. Phases that span more than half a turn get the whole one. */
export function chooseRange(
  statistics: ImageStatistics,
  kind: PreviewKind,
  percentile: readonly [number, number],
): PreviewRange {
  const referenceRad = Math.atan2(statistics.sum[1], statistics.sum[0]);
  if (kind !== "phase") {
    const [low, high] = amplitudeRange(statistics, percentile);
    return { low, high, map: kind === "amplitude" ? "grey" : "hue", referenceRad };
  }
  const [low, high] = percentile.map((percent) => {
    return 2 * Math.PI * (shareAt(statistics.phases, percent) - 0.5);
  }) as [number, number];
  if (high - low > Math.PI) return { low: -Math.PI, high: Math.PI, map: "cyclic", referenceRad };
  return { ...spread(low, high), map: "rising", referenceRad };
}

/** A range that somebody asked for. */
export function fixedRange(
  statistics: ImageStatistics,
  kind: PreviewKind,
  [low, high]: readonly [number, number],
): PreviewRange {
  const referenceRad = Math.atan2(statistics.sum[1], statistics.sum[0]);
  const map = kind === "amplitude" ? "grey" : kind === "phase-and-amplitude" ? "hue" : undefined;
  return { ...spread(low, high), map: map ?? (high - low > Math.PI ? "cyclic" : "rising"), referenceRad };
}

function amplitudeRange(statistics: ImageStatistics, percentile: readonly [number, number]) {
  const { moduli, rootMeanSquare, largestModulus } = statistics;
  const ends = percentile.map((percent) => {
    const share = shareAt(moduli, percent);
    // the last bin has no upper end of its own
    return share * BIN_COUNT > BIN_COUNT - 1 ? largestModulus : Math.min(largestModulus, share * SPAN * rootMeanSquare);
  });
  const { low, high } = spread(ends[0]!, ends[1]!);
  return [low, high] as const;
}

/** Place 0 ... 1 among the bins below which `percent` of the counts lie, interpolated within a bin. */
function shareAt(bins: Uint32Array, percent: number): number {
  const total = bins.reduce((sum, count) => sum + count, 0);
  const wanted = (Math.min(100, Math.max(0, percent)) / 100) * total;
  let below = 0;
  for (const [bin, count] of bins.entries()) {
    if (count > 0 && below + count >= wanted) return (bin + (wanted - below) / count) / bins.length;
    below += count;
  }
  return 0;
}

/** Ends that differ, also where all values are equal. */
function spread(low: number, high: number): { low: number; high: number } {
  const least = Math.max(1e-6 * Math.abs(low), 1e-30);
  return { low, high: high - low >= least ? high : low + least };
}

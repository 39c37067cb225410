// What one look at every value of a scan tells: sums, extremes, and everything that has to be refused or mentioned.

import { InputError } from "../errors.ts";
import type { DataOptions } from "../options.ts";
import type { DatasetNote, Quantity } from "./dataset.ts";
import type { OrientedPattern } from "./orientation.ts";

/** Where a value was found: pattern, and its pixel in storage order. */
export interface FoundAt {
  readonly frame: number;
  readonly pixel: number;
}

/** Per-pixel sums, in storage order of one pattern; collected for inspection only. */
export interface PixelStatistics {
  readonly intensitySum: Float64Array;
  readonly positiveCount: Uint32Array;
  readonly largest: Float64Array;
}

/** Filled while a scan is read. */
export interface PatternStatistics {
  /** [position] sum of the intensity. */
  readonly totalIntensity: Float64Array;
  maximum: number;
  /** True while every value is a whole number; looked at only for floats that are read as amplitude. */
  integerValued: boolean;
  /** True while every squared value is a whole number within float32 rounding; looked at as `integerValued` is. */
  squaresWhole: boolean;
  nonfiniteCount: number;
  firstNonfinite: FoundAt | null;
  negativeCount: number;
  negativeSum: number;
  firstNegative: FoundAt | null;
  /** Values at the largest number of an integer type. */
  saturatedCount: number;
  /** Patterns in which every value is zero. */
  zeroPatterns: number;
  /** 1 where a pixel was NaN or infinite in some pattern, in storage order; null when none was. */
  nonfinitePixels: Uint8Array | null;
  readonly pixels: PixelStatistics | null;
}

export function emptyStatistics(count: number, pixelCount: number, perPixel: boolean): PatternStatistics {
  return {
    totalIntensity: new Float64Array(count),
    maximum: 0,
    integerValued: true,
    squaresWhole: true,
    nonfiniteCount: 0,
    firstNonfinite: null,
    negativeCount: 0,
    negativeSum: 0,
    firstNegative: null,
    saturatedCount: 0,
    zeroPatterns: 0,
    nonfinitePixels: null,
    pixels: perPixel
      ? {
          intensitySum: new Float64Array(pixelCount),
          positiveCount: new Uint32Array(pixelCount),
          largest: new Float64Array(pixelCount),
        }
      : null,
  };
}

/** Sums over a pattern's spectrum stay below float32's largest number, 3.4e38. */
const largestTotal = 1e30;

/** Throws DATA_RANGE when the intensity of a pattern is too large for sums in float32. */
export function assertIntensityRange(totalIntensity: Float64Array, source: string, field: string): void {
  const largest = totalIntensity.reduce((found, value) => Math.max(found, value), 0);
  if (largest <= largestTotal) return;
  throw new InputError("DATA_RANGE", "the intensity of a pattern is too large for float32 sums", {
    source,
    field,
    expected: `at most ${largestTotal} per pattern`,
    got: largest.toExponential(2),
    remedy: "Rescale the patterns",
  });
}

/** Throws DATA_NONFINITE, DATA_NEGATIVE, DATA_EMPTY or DATA_RANGE; returns the remarks on what was accepted. */
export function judgeStatistics(
  statistics: PatternStatistics,
  options: Pick<DataOptions, "maskNonfinite" | "clipNegative">,
  stored: OrientedPattern,
  quantity: Quantity,
  source: string,
  field: string,
): DatasetNote[] {
  const notes: DatasetNote[] = [];
  const { nonfiniteCount, negativeCount, saturatedCount, zeroPatterns } = statistics;
  const note = (level: DatasetNote["level"], code: string, message: string) =>
    notes.push({ level, code, message: `${field}: ${message}` });
  if (nonfiniteCount > 0) {
    if (!options.maskNonfinite) throw nonfiniteError(statistics, stored, source, field);
    const first = describePlace(statistics.firstNonfinite!, stored);
    const pixels = statistics.nonfinitePixels?.reduce((sum, flag) => sum + flag, 0) ?? 0;
    note(
      "warning",
      "DATA_NONFINITE",
      `${nonfiniteCount} NaN or infinite values, first at ${first}; ${pixels} pixels masked`,
    );
  }
  if (negativeCount > 0) {
    if (!options.clipNegative) throw negativeError(statistics, stored, quantity, source, field);
    const first = describePlace(statistics.firstNegative!, stored);
    note("warning", "DATA_NEGATIVE", `${describeNegative(statistics)} set to zero, first at ${first}`);
  }
  assertIntensityRange(statistics.totalIntensity, source, field);
  const count = statistics.totalIntensity.length;
  if (zeroPatterns === count) {
    throw new InputError("DATA_EMPTY", "every pattern is zero", {
      source,
      field,
      expected: "patterns with light",
      got: `${count} empty ones`,
      remedy: "Check how the file was made",
    });
  }
  if (zeroPatterns > 0) note("warning", "DATA_EMPTY", `${zeroPatterns} of ${count} patterns are all zero`);
  if (saturatedCount > 0) {
    const largest = statistics.maximum;
    note(
      "warning",
      "DATA_SATURATED",
      `${saturatedCount} pixels at ${largest}, the type's largest number: saturated or marked`,
    );
  }
  return notes;
}

/** The refusal of values that are NaN or infinite; there is at least one. */
export function nonfiniteError(
  statistics: PatternStatistics,
  stored: OrientedPattern,
  source: string,
  field: string,
): InputError {
  return new InputError("DATA_NONFINITE", `${statistics.nonfiniteCount} values are NaN or infinite`, {
    source,
    field,
    expected: "finite numbers",
    got: `the first at ${describePlace(statistics.firstNonfinite!, stored)}`,
    remedy: "Pass --mask-nonfinite to treat these pixels as invalid",
  });
}

/** The refusal of negative values; there is at least one. */
export function negativeError(
  statistics: PatternStatistics,
  stored: OrientedPattern,
  quantity: Quantity,
  source: string,
  field: string,
): InputError {
  return new InputError("DATA_NEGATIVE", describeNegative(statistics), {
    source,
    field,
    expected: `${quantity} from 0 on`,
    got: `the first at ${describePlace(statistics.firstNegative!, stored)}`,
    remedy: "Pass --clip-negative to set them to zero",
  });
}

function describeNegative({ negativeCount, negativeSum }: PatternStatistics): string {
  return `${negativeCount} negative values with sum ${negativeSum.toPrecision(6)}`;
}

/** Frame, row and column as the file has them, before any orientation. */
export function describePlace(found: FoundAt, stored: OrientedPattern): string {
  const { heightPx, widthPx, layout } = stored;
  const rowMajor = layout.columnStride === 1;
  const row = rowMajor ? Math.floor(found.pixel / widthPx) : found.pixel % heightPx;
  const column = rowMajor ? found.pixel % widthPx : Math.floor(found.pixel / heightPx);
  return `frame ${found.frame}, row ${row}, column ${column}`;
}

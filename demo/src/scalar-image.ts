// Images of one number per pixel: their ranges, lines through them.

/** Values [y, x]. */
export interface ScalarImage {
  /** Rows and columns. */
  readonly shape: readonly [number, number];
  readonly values: Float32Array | Float64Array;
  /** [y, x] brightness of phases drawn as hue; its percentiles become black and bright. */
  readonly light?: Float32Array;
  /** Pixels between one value and the next, of an image that was thinned; 1 when left out. */
  readonly stepPx?: number;
}

/** Sides of images that a page colours in one go. */
export const LARGEST_SHOWN_PX = 1024;

/** Enough values for a percentile; sorting millions would hold up the page. */
const SAMPLES = 20_000;

/** log10 of the values, none below 1e-4 of the largest: what is darker than that is not worth a colour. */
export function toLog(image: ScalarImage): ScalarImage {
  let largest = 0;
  for (const value of image.values) if (value > largest) largest = value;
  const floor = largest > 0 ? largest * 1e-4 : 1;
  const values = new Float32Array(image.values.length);
  // a plain loop: a function per value takes ten times as long, and patterns come while the page is used
  for (let i = 0; i < values.length; i++) values[i] = Math.log10(Math.max(image.values[i]!, floor));
  return { ...image, values };
}

/** Values at shares `percentile` (0 ... 100) of the finite values of all images; equal ends are moved apart. */
export function rangeOf(images: readonly ScalarImage[], percentile: readonly [number, number]): [number, number] {
  if (percentile[0] <= 0 && percentile[1] >= 100) return spread(fullRange(images));
  const sample: number[] = [];
  for (const { values, shape } of images) {
    const stride = strideFor(values.length, shape[1]);
    for (let i = 0; i < values.length; i += stride) if (Number.isFinite(values[i]!)) sample.push(values[i]!);
  }
  const sorted = Float64Array.from(sample).sort();
  const at = (share: number) => sorted[Math.round((share / 100) * (sorted.length - 1))] ?? 0;
  return spread([at(percentile[0]), at(percentile[1])]);
}

/** Steps that have a factor in common with the width would see the same few columns in every row. */
function strideFor(count: number, width: number): number {
  let stride = Math.max(1, Math.ceil(count / SAMPLES));
  while (greatestDivisor(stride, width) > 1) stride++;
  return stride;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

function fullRange(images: readonly ScalarImage[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { values } of images) {
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : [0, 0];
}

function spread([low, high]: readonly [number, number]): [number, number] {
  return high > low ? [low, high] : [low - 0.5, low + 0.5];
}

/** Two image points (y, x). */
export type Line = readonly [from: readonly [number, number], to: readonly [number, number]];

/** Values along a line; null where there are none. */
export interface LineSample {
  readonly distancePx: readonly number[];
  readonly values: readonly (number | null)[];
}

/**
 * Values along the line between two image points (y, x), every pixel or so, by the nearest pixel; null outside. `valueAt`
 * gives the value of a pixel by its index, so that only what lies on the line has to be known.
 */
export function sampleLine(
  shape: readonly [number, number],
  valueAt: (index: number) => number,
  [from, to]: Line,
  stepPx = 1,
): LineSample {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const steps = Math.max(1, Math.round(length));
  const distancePx: number[] = [];
  const values: (number | null)[] = [];
  for (let step = 0; step <= steps; step++) {
    const share = step / steps;
    const y = Math.floor(from[0] + share * (to[0] - from[0]));
    const x = Math.floor(from[1] + share * (to[1] - from[1]));
    const inside = y >= 0 && x >= 0 && y < shape[0] && x < shape[1];
    distancePx.push(share * length * stepPx);
    values.push(inside ? valueAt(y * shape[1] + x) : null);
  }
  return { distancePx, values };
}

/** Every n-th pixel in both directions, so that no side is longer than `side`: values stay values, also of phases. */
export function thin(image: ScalarImage, side: number): ScalarImage {
  const [height, width] = image.shape;
  const step = Math.ceil(Math.max(height, width) / side);
  if (step <= 1) return image;
  const [rows, columns] = [Math.ceil(height / step), Math.ceil(width / step)];
  const pick = (values: Float32Array | Float64Array) => {
    const picked = new Float32Array(rows * columns);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) picked[y * columns + x] = values[y * step * width + x * step]!;
    }
    return picked;
  };
  const stepPx = step * (image.stepPx ?? 1);
  const shape = [rows, columns] as const;
  return { shape, values: pick(image.values), stepPx, ...(image.light ? { light: pick(image.light) } : {}) };
}

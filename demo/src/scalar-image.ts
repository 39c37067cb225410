// Images of one number per pixel: out of complex arrays, their ranges, lines through them.

/** Values [y, x]. */
export interface ScalarImage {
  /** Rows and columns. */
  readonly shape: readonly [number, number];
  readonly values: Float32Array | Float64Array;
  /** [y, x] brightness of phases drawn as hue; its percentiles become black and bright. */
  readonly light?: Float32Array;
}

/** Enough values for a percentile; sorting millions would hold up the page. */
const SAMPLES = 20_000;

/** Image `index` of complex pairs [..., y, x]: modulus, or argument without that of the mean (no scan determines it). */
export function pickComponent(
  array: { readonly shape: readonly number[]; readonly data: Float32Array },
  index: number,
  component: "amplitude" | "phase",
): ScalarImage {
  const [height, width] = array.shape.slice(-2) as [number, number];
  const count = height * width;
  const pairs = array.data.subarray(2 * index * count, 2 * (index + 1) * count);
  const values = new Float32Array(count);
  if (component === "amplitude") {
    for (let i = 0; i < count; i++) values[i] = Math.hypot(pairs[2 * i]!, pairs[2 * i + 1]!);
    return { shape: [height, width], values };
  }
  let [re, im] = [0, 0];
  for (let i = 0; i < count; i++) {
    re += pairs[2 * i]!;
    im += pairs[2 * i + 1]!;
  }
  const size = Math.hypot(re, im);
  const [cosine, sine] = size > 0 ? [re / size, im / size] : [1, 0];
  for (let i = 0; i < count; i++) {
    const [a, b] = [pairs[2 * i]!, pairs[2 * i + 1]!];
    values[i] = Math.atan2(b * cosine - a * sine, a * cosine + b * sine);
  }
  return { shape: [height, width], values };
}

/** log10 of the values, none below 1e-4 of the largest: what is darker than that is not worth a colour. */
export function toLog(image: ScalarImage): ScalarImage {
  let largest = 0;
  for (const value of image.values) if (value > largest) largest = value;
  const floor = largest > 0 ? largest * 1e-4 : 1;
  return { shape: image.shape, values: Float32Array.from(image.values, (value) => Math.log10(Math.max(value, floor))) };
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

/** Values along a line; null where there are none. */
export interface LineSample {
  readonly distancePx: readonly number[];
  readonly values: readonly (number | null)[];
}

/** Values along the line between two image points (y, x), every pixel or so, by the nearest pixel; null outside. */
export function sampleLine(
  image: ScalarImage,
  from: readonly [number, number],
  to: readonly [number, number],
): LineSample {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const steps = Math.max(1, Math.round(length));
  const distancePx: number[] = [];
  const values: (number | null)[] = [];
  for (let step = 0; step <= steps; step++) {
    const share = step / steps;
    const y = Math.floor(from[0] + share * (to[0] - from[0]));
    const x = Math.floor(from[1] + share * (to[1] - from[1]));
    const inside = y >= 0 && x >= 0 && y < image.shape[0] && x < image.shape[1];
    distancePx.push(share * length);
    values.push(inside ? image.values[y * image.shape[1] + x]! : null);
  }
  return { distancePx, values };
}

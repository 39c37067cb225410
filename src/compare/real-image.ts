// Real images in float64 and the few filters that image metrics need.

/** A real image [y, x] in C order. */
export interface RealImage {
  readonly heightPx: number;
  readonly widthPx: number;
  readonly values: Float64Array;
}

/** Part of an image; it must lie within it. */
export function cropImage(image: RealImage, top: number, left: number, heightPx: number, widthPx: number): RealImage {
  const values = new Float64Array(heightPx * widthPx);
  for (let y = 0; y < heightPx; y++) {
    const start = (top + y) * image.widthPx + left;
    values.set(image.values.subarray(start, start + widthPx), y * widthPx);
  }
  return { heightPx, widthPx, values };
}

/** The image without `edgePx` rows and columns at every edge; null when nothing would be left. */
export function trimImage(image: RealImage, edgePx: number): RealImage | null {
  const [heightPx, widthPx] = [image.heightPx - 2 * edgePx, image.widthPx - 2 * edgePx];
  return heightPx < 1 || widthPx < 1 ? null : cropImage(image, edgePx, edgePx, heightPx, widthPx);
}

/** The largest centred square; an odd rest is cut at the end. */
export function cropSquare(image: RealImage): RealImage {
  const side = Math.min(image.heightPx, image.widthPx);
  return cropImage(image, (image.heightPx - side) >> 1, (image.widthPx - side) >> 1, side, side);
}

export function mapImage(image: RealImage, change: (value: number, index: number) => number): RealImage {
  return { heightPx: image.heightPx, widthPx: image.widthPx, values: image.values.map(change) };
}

/** Smallest and largest value. */
export function rangeOf(values: Float64Array): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

export function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Population standard deviation. */
export function deviationOf(values: Float64Array): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/**
 * Gaussian smoothing with the edge mirrored between pixels (d c b a | a b c d | d c b a) and a kernel cut off at four
 * sigma: the conventions of scipy.ndimage.gaussian_filter. `sigmaPx` 0 changes nothing.
 */
export function smoothGaussian(image: RealImage, sigmaPx: number): RealImage {
  if (sigmaPx <= 0) return image;
  const kernel = gaussianKernel(Math.floor(4 * sigmaPx + 0.5), sigmaPx);
  return filterRows(filterColumns(image, kernel), kernel);
}

/** 2 * radius + 1 weights of sum 1. */
export function gaussianKernel(radius: number, sigmaPx: number): Float64Array {
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / sigmaPx) ** 2),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Correlation with a separable kernel where it fits wholly: both sides become shorter by its length - 1. */
export function filterValid(image: RealImage, kernel: Float64Array): RealImage {
  const lost = kernel.length - 1;
  const [heightPx, widthPx] = [image.heightPx - lost, image.widthPx - lost];
  const across = new Float64Array(image.heightPx * widthPx);
  for (let y = 0; y < image.heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      let sum = 0;
      for (let k = 0, at = y * image.widthPx + x; k <= lost; k++, at++) sum += kernel[k]! * image.values[at]!;
      across[y * widthPx + x] = sum;
    }
  }
  const values = new Float64Array(heightPx * widthPx);
  for (let y = 0; y < heightPx; y++) {
    for (let k = 0; k <= lost; k++) {
      for (let x = 0; x < widthPx; x++) values[y * widthPx + x]! += kernel[k]! * across[(y + k) * widthPx + x]!;
    }
  }
  return { heightPx, widthPx, values };
}

/** Pixels of even row and column: no filter before. */
export function takeEverySecond(image: RealImage): RealImage {
  const [heightPx, widthPx] = [(image.heightPx + 1) >> 1, (image.widthPx + 1) >> 1];
  const values = new Float64Array(heightPx * widthPx);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) values[y * widthPx + x] = image.values[2 * y * image.widthPx + 2 * x]!;
  }
  return { heightPx, widthPx, values };
}

/** Means of 2 x 2 pixels; an odd last row or column is dropped. */
export function halveByMeans(image: RealImage): RealImage {
  const [heightPx, widthPx] = [image.heightPx >> 1, image.widthPx >> 1];
  const values = new Float64Array(heightPx * widthPx);
  for (let y = 0; y < 2 * heightPx; y++) {
    for (let x = 0; x < 2 * widthPx; x++) {
      values[(y >> 1) * widthPx + (x >> 1)]! += image.values[y * image.widthPx + x]! / 4;
    }
  }
  return { heightPx, widthPx, values };
}

function filterRows({ heightPx, widthPx, values }: RealImage, kernel: Float64Array): RealImage {
  const radius = kernel.length >> 1;
  const filtered = new Float64Array(values.length);
  for (let k = 0; k < kernel.length; k++) {
    for (let x = 0; x < widthPx; x++) {
      const from = mirror(x + k - radius, widthPx);
      for (let y = 0; y < heightPx; y++) filtered[y * widthPx + x]! += kernel[k]! * values[y * widthPx + from]!;
    }
  }
  return { heightPx, widthPx, values: filtered };
}

function filterColumns({ heightPx, widthPx, values }: RealImage, kernel: Float64Array): RealImage {
  const radius = kernel.length >> 1;
  const filtered = new Float64Array(values.length);
  for (let k = 0; k < kernel.length; k++) {
    for (let y = 0; y < heightPx; y++) {
      const from = mirror(y + k - radius, heightPx);
      for (let x = 0; x < widthPx; x++) filtered[y * widthPx + x]! += kernel[k]! * values[from * widthPx + x]!;
    }
  }
  return { heightPx, widthPx, values: filtered };
}

function mirror(index: number, length: number): number {
  const period = 2 * length;
  const within = ((index % period) + period) % period;
  return within < length ? within : period - 1 - within;
}

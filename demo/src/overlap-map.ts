// How many patterns see each pixel of the scanned area.

import type { ScalarImage } from "./scalar-image.ts";

/** No map is larger than this along a side: it is a picture on a card. */
const LARGEST_SIDE = 256;

export interface OverlapMap {
  readonly image: ScalarImage;
  /** [position, 2] (y, x): centres of the windows on the map, in its pixels. */
  readonly points: Float32Array;
  /** Scan pixels per pixel of the map. */
  readonly reduction: number;
}

/**
 * Counts windows of `windowPx` (height, width) around positions [position, 2] (y, x), in pixels; by a running sum of
 * corners, so that time goes with positions plus area.
 */
export function countOverlap(positionsPx: ArrayLike<number>, windowPx: readonly [number, number]): OverlapMap {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < positionsPx.length; i++) {
    low[i & 1] = Math.min(low[i & 1]!, positionsPx[i]!);
    high[i & 1] = Math.max(high[i & 1]!, positionsPx[i]!);
  }
  const spans = [0, 1].map((axis) => high[axis]! - low[axis]! + windowPx[axis]!);
  const reduction = Math.max(1, Math.max(...spans) / LARGEST_SIDE);
  const [height, width] = spans.map((span) => Math.max(1, Math.ceil(span / reduction))) as [number, number];
  const [windowY, windowX] = windowPx.map((side) => Math.max(1, Math.round(side / reduction))) as [number, number];
  const rowPx = width + 1;
  const corners = new Int32Array((height + 1) * rowPx);
  const points = new Float32Array(positionsPx.length);
  for (let i = 0; i < positionsPx.length; i += 2) {
    const y = (positionsPx[i]! - low[0]!) / reduction;
    const x = (positionsPx[i + 1]! - low[1]!) / reduction;
    points[i] = y + windowPx[0] / 2 / reduction;
    points[i + 1] = x + windowPx[1] / 2 / reduction;
    const [top, left] = [Math.min(height - 1, Math.round(y)), Math.min(width - 1, Math.round(x))];
    const [bottom, right] = [Math.min(height, top + windowY), Math.min(width, left + windowX)];
    corners[top * rowPx + left]! += 1;
    corners[top * rowPx + right]! -= 1;
    corners[bottom * rowPx + left]! -= 1;
    corners[bottom * rowPx + right]! += 1;
  }
  const values = new Float32Array(height * width);
  const above = new Int32Array(width);
  for (let y = 0; y < height; y++) {
    for (let x = 0, sum = 0; x < width; x++) {
      sum += corners[y * rowPx + x]!;
      above[x]! += sum;
      values[y * width + x] = above[x]!;
    }
  }
  return { image: { shape: [height, width], values }, points, reduction };
}

// Boxes of whole pixels in data coordinates, and cutting them out of complex images.

import type { ComplexArray } from "../complex.ts";
import { InputError } from "../errors.ts";

/** Rows top ... top + heightPx - 1 and columns alike, in data coordinates. */
export interface PixelBox {
  readonly top: number;
  readonly left: number;
  readonly heightPx: number;
  readonly widthPx: number;
}

/** Whole pixels within the range of positions [position, 2] (y, x), ends included; at least one pixel. */
export function createScanBox(positionsPx: ArrayLike<number>): PixelBox {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < positionsPx.length; i++) {
    const axis = i & 1;
    low[axis] = Math.min(low[axis]!, positionsPx[i]!);
    high[axis] = Math.max(high[axis]!, positionsPx[i]!);
  }
  const [top, left] = low.map((value) => Math.ceil(value)) as [number, number];
  const [bottom, right] = high.map((value) => Math.floor(value)) as [number, number];
  return { top, left, heightPx: Math.max(1, bottom - top + 1), widthPx: Math.max(1, right - left + 1) };
}

/**
 * The box of an image [y, x] or [1, y, x] whose pixel [0, 0] lies at data coordinate `originPx`, as [y, x]. Throws
 * InputError when the image has several slices, the origin is not on whole pixels or the box leaves the image.
 */
export function cutBox(
  image: ComplexArray,
  box: PixelBox,
  originPx: readonly [number, number],
  name: string,
): ComplexArray {
  const [imageHeightPx, imageWidthPx] = imageShape(image, name);
  if (!Number.isInteger(originPx[0]) || !Number.isInteger(originPx[1])) {
    throw new InputError("COMPARE_ORIGIN", "the image does not lie on whole data pixels", {
      field: name,
      got: `origin (${originPx.join(", ")})`,
    });
  }
  const top = box.top - originPx[0];
  const left = box.left - originPx[1];
  if (top < 0 || left < 0 || top + box.heightPx > imageHeightPx || left + box.widthPx > imageWidthPx) {
    throw new InputError("COMPARE_BOX", "the compared box reaches beyond the image", {
      field: name,
      expected: `within ${imageHeightPx} x ${imageWidthPx} pixels`,
      got: `rows ${top} ... ${top + box.heightPx - 1}, columns ${left} ... ${left + box.widthPx - 1}`,
    });
  }
  const data = new Float32Array(2 * box.heightPx * box.widthPx);
  for (let y = 0; y < box.heightPx; y++) {
    const start = 2 * ((top + y) * imageWidthPx + left);
    data.set(image.data.subarray(start, start + 2 * box.widthPx), 2 * y * box.widthPx);
  }
  return { shape: [box.heightPx, box.widthPx], data };
}

/** Rows and columns of [y, x] or [1, y, x]; throws InputError for anything else. */
export function imageShape(image: ComplexArray, name: string): [number, number] {
  const shape = image.shape.length === 3 && image.shape[0] === 1 ? image.shape.slice(1) : image.shape;
  if (shape.length === 2) return shape as [number, number];
  throw new InputError("COMPARE_SHAPE", "only single images can be compared", {
    field: name,
    expected: "[y, x] or [1, y, x]",
    got: `[${image.shape.join(", ")}]`,
  });
}

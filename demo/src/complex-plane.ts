// One image of a complex array of a result: moduli, or arguments without that of the mean, which no scan determines.

import type { ScalarImage } from "./scalar-image.ts";

/** hue: the argument, with the modulus as its brightness. */
export type Part = "phase" | "amplitude" | "hue";

/** Complex pairs [y, x] of one image, and what its arguments are measured from. */
export interface ComplexPlane {
  readonly shape: readonly [number, number];
  readonly pairs: Float32Array;
  readonly referenceRad: number;
}

/** Rows and columns from (y, x) on. */
export interface PlaneBox {
  readonly start: readonly [number, number];
  readonly shape: readonly [number, number];
}

/** Image `index` of pairs [..., y, x]; the reference is the argument of the sum over `box`, or over all. */
export function planeOf(
  array: { readonly shape: readonly number[]; readonly data: Float32Array },
  index: number,
  box: PlaneBox | null = null,
): ComplexPlane {
  const shape = array.shape.slice(-2) as unknown as readonly [number, number];
  const count = shape[0] * shape[1];
  const pairs = array.data.subarray(2 * index * count, 2 * (index + 1) * count);
  const { start, shape: size } = box ?? { start: [0, 0], shape };
  let [re, im] = [0, 0];
  for (let y = start[0]; y < start[0] + size[0]; y++) {
    for (let i = y * shape[1] + start[1]; i < y * shape[1] + start[1] + size[1]; i++) {
      re += pairs[2 * i]!;
      im += pairs[2 * i + 1]!;
    }
  }
  return { shape, pairs, referenceRad: Math.atan2(im, re) };
}

/** The value of a pixel by its index; for many of them ask for the function once. */
export function readerOf({ pairs, referenceRad }: ComplexPlane, part: Part): (index: number) => number {
  if (part === "amplitude") return (i) => Math.hypot(pairs[2 * i]!, pairs[2 * i + 1]!);
  const [cosine, sine] = [Math.cos(referenceRad), Math.sin(referenceRad)];
  return (i) => {
    const [re, im] = [pairs[2 * i]!, pairs[2 * i + 1]!];
    return Math.atan2(im * cosine - re * sine, re * cosine + im * sine);
  };
}

/** The part of an image that lies in a box of the plane it was thinned from. */
export function cropTo(image: ScalarImage, { start, shape }: PlaneBox): ScalarImage {
  const { stepPx = 1 } = image;
  const columns = image.shape[1];
  const [top, left] = start.map((place) => Math.floor(place / stepPx)) as [number, number];
  const height = Math.max(1, Math.min(image.shape[0] - top, Math.ceil(shape[0] / stepPx)));
  const width = Math.max(1, Math.min(columns - left, Math.ceil(shape[1] / stepPx)));
  const cut = (values: ScalarImage["values"]) =>
    Float32Array.from({ length: height * width }, (_, i) => {
      return values[(top + Math.floor(i / width)) * columns + left + (i % width)]!;
    });
  const light = image.light ? { light: cut(image.light) } : {};
  return { ...image, shape: [height, width], values: cut(image.values), ...light };
}

/** All values; takes long for large images. */
export function computeImage(plane: ComplexPlane, part: Part): ScalarImage {
  const { shape } = plane;
  const all = (wanted: Part) => {
    const read = readerOf(plane, wanted);
    return Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => read(i));
  };
  return { shape, values: all(part), ...(part === "hue" ? { light: all("amplitude") } : {}) };
}

// Complex images on their way to a picture: cutting, reducing, amplitude and phase, percentiles.

import type { PixelBox } from "../compare/pixel-box.ts";
import type { ComplexArray } from "../complex.ts";

/** One complex image [y, x] as re, im pairs. */
export interface Field {
  readonly heightPx: number;
  readonly widthPx: number;
  readonly data: Float32Array;
}

/** Image number `index` of an array whose last two axes are y, x; the axes before are counted in C order. */
export function pickField(array: ComplexArray, index: number): Field {
  const [heightPx, widthPx] = array.shape.slice(-2) as [number, number];
  const size = 2 * heightPx * widthPx;
  return { heightPx, widthPx, data: array.data.subarray(index * size, (index + 1) * size) };
}

/** Part of a field; the box must lie within it. */
export function cropField(field: Field, box: PixelBox): Field {
  const data = new Float32Array(2 * box.heightPx * box.widthPx);
  for (let y = 0; y < box.heightPx; y++) {
    const start = 2 * ((box.top + y) * field.widthPx + box.left);
    data.set(field.data.subarray(start, start + 2 * box.widthPx), 2 * y * box.widthPx);
  }
  return { heightPx: box.heightPx, widthPx: box.widthPx, data };
}

/** The part of `box` grown by `marginPx` that lies within heightPx x widthPx; at least one pixel. */
export function growBox(box: PixelBox, marginPx: number, heightPx: number, widthPx: number): PixelBox {
  const clamp = (value: number, last: number) => Math.min(last, Math.max(0, value));
  const top = clamp(box.top - marginPx, heightPx - 1);
  const left = clamp(box.left - marginPx, widthPx - 1);
  const bottom = clamp(box.top + box.heightPx - 1 + marginPx, heightPx - 1);
  const right = clamp(box.left + box.widthPx - 1 + marginPx, widthPx - 1);
  return { top, left, heightPx: bottom - top + 1, widthPx: right - left + 1 };
}

/** Mean over blocks of factor x factor pixels; an incomplete last row or column of blocks is dropped. */
export function reduceField(field: Field, factor: number): Field {
  if (factor === 1) return field;
  const heightPx = Math.floor(field.heightPx / factor);
  const widthPx = Math.floor(field.widthPx / factor);
  const data = new Float32Array(2 * heightPx * widthPx);
  const share = 1 / (factor * factor);
  for (let y = 0; y < heightPx * factor; y++) {
    for (let x = 0; x < widthPx * factor; x++) {
      const target = 2 * (Math.floor(y / factor) * widthPx + Math.floor(x / factor));
      data[target]! += share * field.data[2 * (y * field.widthPx + x)]!;
      data[target + 1]! += share * field.data[2 * (y * field.widthPx + x) + 1]!;
    }
  }
  return { heightPx, widthPx, data };
}

/** Moduli [y, x]. */
export function amplitudesOf({ data }: Field): Float64Array {
  return Float64Array.from({ length: data.length / 2 }, (_, i) => Math.hypot(data[2 * i]!, data[2 * i + 1]!));
}

/** Phases [y, x] minus `referenceRad`, -pi ... pi. */
export function phasesOf({ data }: Field, referenceRad = 0): Float64Array {
  const [cosine, sine] = [Math.cos(referenceRad), -Math.sin(referenceRad)];
  return Float64Array.from({ length: data.length / 2 }, (_, i) => {
    const [re, im] = [data[2 * i]!, data[2 * i + 1]!];
    return Math.atan2(re * sine + im * cosine, re * cosine - im * sine);
  });
}

/** Phase of the sum of all pixels that are numbers. */
export function meanPhaseOf({ data }: Field): number {
  let [re, im] = [0, 0];
  for (let i = 0; i < data.length; i += 2) {
    if (!Number.isFinite(data[i]! + data[i + 1]!)) continue;
    re += data[i]!;
    im += data[i + 1]!;
  }
  return Math.atan2(im, re);
}

/** Values below which the given shares (0 ... 1) of the finite values lie; zeros when there are none. */
export function percentilesOf(values: Float64Array, shares: readonly number[]): number[] {
  const sorted = values.filter((value) => Number.isFinite(value)).sort();
  return shares.map((share) => sorted[Math.round(share * (sorted.length - 1))] ?? 0);
}

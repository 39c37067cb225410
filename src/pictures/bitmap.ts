// An RGB raster to draw on, row 0 at the top, and its PNG encoding.

import { encode } from "fast-png";

/** Red, green, blue 0 ... 255. */
export type Colour = readonly [number, number, number];

/** RGB bytes, [y, x, 3]. */
export interface Bitmap {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Uint8Array;
}

/** A bitmap filled with one colour. */
export function createBitmap(widthPx: number, heightPx: number, colour: Colour): Bitmap {
  const bitmap = { widthPx, heightPx, data: new Uint8Array(3 * widthPx * heightPx) };
  fillRectangle(bitmap, 0, 0, widthPx, heightPx, colour);
  return bitmap;
}

/** Fills a rectangle; what lies outside the bitmap is dropped. */
export function fillRectangle(
  bitmap: Bitmap,
  left: number,
  top: number,
  widthPx: number,
  heightPx: number,
  colour: Colour,
): void {
  const right = Math.min(bitmap.widthPx, left + widthPx);
  const bottom = Math.min(bitmap.heightPx, top + heightPx);
  for (let y = Math.max(0, top); y < bottom; y++) {
    for (let x = Math.max(0, left); x < right; x++) {
      const index = 3 * (y * bitmap.widthPx + x);
      bitmap.data[index] = colour[0];
      bitmap.data[index + 1] = colour[1];
      bitmap.data[index + 2] = colour[2];
    }
  }
}

/** Outlines a rectangle from the inside, `linePx` thick. */
export function strokeRectangle(
  bitmap: Bitmap,
  left: number,
  top: number,
  widthPx: number,
  heightPx: number,
  linePx: number,
  colour: Colour,
): void {
  fillRectangle(bitmap, left, top, widthPx, linePx, colour);
  fillRectangle(bitmap, left, top + heightPx - linePx, widthPx, linePx, colour);
  fillRectangle(bitmap, left, top, linePx, heightPx, colour);
  fillRectangle(bitmap, left + widthPx - linePx, top, linePx, heightPx, colour);
}

/** A line two pixels thick. */
export function drawLine(bitmap: Bitmap, x0: number, y0: number, x1: number, y1: number, colour: Colour): void {
  const steps = Math.max(1, Math.abs(x1 - x0), Math.abs(y1 - y0));
  for (let i = 0; i <= steps; i++) {
    const x = Math.round(x0 + ((x1 - x0) * i) / steps);
    const y = Math.round(y0 + ((y1 - y0) * i) / steps);
    fillRectangle(bitmap, x, y, 2, 2, colour);
  }
}

/** PNG file of a bitmap: 8-bit RGB, same bitmap same bytes. */
export function encodeBitmap(bitmap: Bitmap): Uint8Array {
  return encode({ width: bitmap.widthPx, height: bitmap.heightPx, data: bitmap.data, channels: 3, depth: 8 });
}

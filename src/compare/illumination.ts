// Which pixels the patterns used have seen.

import type { ComplexArray } from "../complex.ts";
import type { PixelBox } from "./pixel-box.ts";

/** Share of the mean illumination of the box from which on a pixel counts as illuminated. */
export const ILLUMINATED_SHARE = 0.1;

/**
 * Mask [y, x] of `box`, 1 = illuminated: the summed probe power, |probe|^2 of all modes [..., y, x] laid with index
 * (h//2, w//2) on the whole pixels of `positionsPx` [position, 2] (y, x, data coordinates), reaches a tenth of its mean
 * over the box. Null when no power falls into the box or the probe is not finite.
 */
export function findIlluminated(
  probe: ComplexArray,
  positionsPx: ArrayLike<number>,
  box: PixelBox,
): { readonly mask: Uint8Array; readonly share: number } | null {
  const [rows, columns] = probe.shape.slice(-2) as [number, number];
  const power = new Float64Array(rows * columns);
  for (let i = 0; i < probe.data.length / 2; i++) {
    power[i % power.length]! += probe.data[2 * i]! ** 2 + probe.data[2 * i + 1]! ** 2;
  }
  const total = new Float64Array(box.heightPx * box.widthPx);
  for (let j = 0; j < positionsPx.length; j += 2) {
    const top = Math.round(positionsPx[j]!) - (rows >> 1) - box.top;
    const left = Math.round(positionsPx[j + 1]!) - (columns >> 1) - box.left;
    for (let y = Math.max(0, top); y < Math.min(box.heightPx, top + rows); y++) {
      for (let x = Math.max(0, left); x < Math.min(box.widthPx, left + columns); x++) {
        total[y * box.widthPx + x]! += power[(y - top) * columns + x - left]!;
      }
    }
  }
  const mean = total.reduce((sum, value) => sum + value, 0) / total.length;
  if (!(mean > 0 && Number.isFinite(mean))) return null;
  const mask = Uint8Array.from(total, (value) => (value >= ILLUMINATED_SHARE * mean ? 1 : 0));
  return { mask, share: mask.reduce((sum, value) => sum + value, 0) / mask.length };
}

// Which pattern sizes the FFT takes: products of 2, 3 and 5 from 8 to 1024 per side.

/** Smallest and largest side in pixels. */
export const minimumFftSize = 8;
export const maximumFftSize = 1024;

/** True for sides that the engine transforms. */
export function isGoodFftSize(size: number): boolean {
  if (!Number.isInteger(size) || size < minimumFftSize || size > maximumFftSize) return false;
  let rest = size;
  for (const factor of [2, 3, 5]) while (rest % factor === 0) rest /= factor;
  return rest === 1;
}

/** The smallest good side that is at least `size`; null beyond the largest one. */
export function nextGoodFftSize(size: number): number | null {
  for (let next = Math.max(Math.ceil(size), minimumFftSize); next <= maximumFftSize; next++) {
    if (isGoodFftSize(next)) return next;
  }
  return null;
}

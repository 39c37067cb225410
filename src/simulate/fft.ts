// Two-dimensional complex FFT in float64 on the CPU, any size (fast for small prime factors). For simulating and
// checking only: the engine's FFT is in WGSL.

import { cosSinOfTurns } from "./elementary.ts";

/** Complex image in float64: re and im in C order, [y, x]. */
export interface ComplexImage {
  readonly heightPx: number;
  readonly widthPx: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** In-place transforms of one image size; forward without a factor, inverse with 1/(height * width). */
export interface Fft2d {
  forward(image: ComplexImage): void;
  inverse(image: ComplexImage): void;
}

/** An image of zeros. */
export function createComplexImage(heightPx: number, widthPx: number): ComplexImage {
  const count = heightPx * widthPx;
  return { heightPx, widthPx, re: new Float64Array(count), im: new Float64Array(count) };
}

/** Plans transforms of [heightPx, widthPx] images; zero frequency at index (0, 0). */
export function planFft2d(heightPx: number, widthPx: number): Fft2d {
  const count = heightPx * widthPx;
  const scratchRe = new Float64Array(count);
  const scratchIm = new Float64Array(count);
  const columnStages = planStages(heightPx);
  const rowStages = planStages(widthPx);
  const transform = (re: Float64Array, im: Float64Array) => {
    runStages(columnStages, heightPx, widthPx, 0, re, im, scratchRe, scratchIm);
    for (let y = 0; y < heightPx; y++) runStages(rowStages, widthPx, 1, y * widthPx, re, im, scratchRe, scratchIm);
  };
  return {
    forward: ({ re, im }) => transform(re, im),
    inverse({ re, im }) {
      transform(im, re); // exchanging re and im conjugates before and after
      for (let i = 0; i < count; i++) {
        re[i]! /= count;
        im[i]! /= count;
      }
    },
  };
}

/** Frequency of index k along an axis of n samples, in cycles per pixel; Nyquist of even n is -0.5. */
export function frequencyAt(k: number, n: number): number {
  return (2 * k < n ? k : k - n) / n;
}

interface Stage {
  readonly radix: number;
  /** [p, t, u] factors exp(-2 pi i (u t / radix + p t / length)) as re, im pairs. */
  readonly factors: Float64Array;
}

function planStages(length: number): Stage[] {
  const stages: Stage[] = [];
  let left = length;
  for (const radix of factorise(length)) {
    const groups = left / radix;
    const factors = new Float64Array(2 * groups * radix * radix);
    for (let p = 0, i = 0; p < groups; p++) {
      for (let t = 0; t < radix; t++) {
        for (let u = 0; u < radix; u++) {
          const [cosine, sine] = cosSinOfTurns(((u * t * groups + p * t) % left) / left);
          factors[i++] = cosine;
          factors[i++] = -sine;
        }
      }
    }
    stages.push({ radix, factors });
    left = groups;
  }
  return stages;
}

/** Factors 4, then 2, 3, 5 and other primes, whose product is `length`. */
function factorise(length: number): number[] {
  const factors: number[] = [];
  let left = length;
  for (; left % 4 === 0; left /= 4) factors.push(4);
  for (let prime = 2; left > 1; prime++) for (; left % prime === 0; left /= prime) factors.push(prime);
  return factors;
}

/** Stockham's self-sorting FFT of `stride` interleaved series of `length` samples, from `base` on. */
function runStages(
  stages: readonly Stage[],
  length: number,
  batch: number,
  base: number,
  re: Float64Array,
  im: Float64Array,
  scratchRe: Float64Array,
  scratchIm: Float64Array,
): void {
  let [fromRe, fromIm, toRe, toIm] = [re, im, scratchRe, scratchIm];
  let stride = batch;
  let groups = length;
  for (const { radix, factors } of stages) {
    groups /= radix;
    const step = stride * groups;
    for (let p = 0; p < groups; p++) {
      for (let t = 0; t < radix; t++) {
        const target = base + stride * (radix * p + t);
        const factor = 2 * radix * (radix * p + t);
        for (let q = 0; q < stride; q++) {
          let sumRe = 0;
          let sumIm = 0;
          for (let u = 0, source = base + q + stride * p; u < radix; u++, source += step) {
            const c = factors[factor + 2 * u]!;
            const s = factors[factor + 2 * u + 1]!;
            sumRe += fromRe[source]! * c - fromIm[source]! * s;
            sumIm += fromRe[source]! * s + fromIm[source]! * c;
          }
          toRe[target + q] = sumRe;
          toIm[target + q] = sumIm;
        }
      }
    }
    stride *= radix;
    [fromRe, fromIm, toRe, toIm] = [toRe, toIm, fromRe, fromIm];
  }
  if (fromRe === re) return;
  for (let i = base; i < base + length * batch; i++) {
    re[i] = fromRe[i]!;
    im[i] = fromIm[i]!;
  }
}

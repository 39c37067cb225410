// Complex planes in float64 and the few sums and products the reference needs. Plain loops.

import { transformPlane } from "./fft.ts";

/** Interleaved (re, im), [y, x]. */
export type Plane = Float64Array;

/** (y, x) lengths. */
export type Shape = readonly [number, number];

export function multiplyPlanes(a: Plane, b: Plane): Plane {
  const product = new Float64Array(a.length);
  for (let k = 0; k < a.length; k += 2) {
    product[k] = a[k]! * b[k]! - a[k + 1]! * b[k + 1]!;
    product[k + 1] = a[k]! * b[k + 1]! + a[k + 1]! * b[k]!;
  }
  return product;
}

/** a conj(b), pixel by pixel. */
export function multiplyConjugatePlanes(a: Plane, b: Plane): Plane {
  return multiplyPlanes(
    a,
    b.map((value, k) => (k % 2 === 0 ? value : -value)),
  );
}

/** target += factor * source. */
export function addScaled(target: Plane, factor: number, source: Plane): void {
  for (let k = 0; k < target.length; k++) target[k]! += factor * source[k]!;
}

/** sum |a|^2. */
export function sumSquares(a: Plane): number {
  return a.reduce((sum, value) => sum + value * value, 0);
}

/** <a, b> = sum a conj(b) as (re, im). */
export function innerProduct(a: Plane, b: Plane): [number, number] {
  const product = multiplyConjugatePlanes(a, b);
  let re = 0;
  let im = 0;
  for (let k = 0; k < product.length; k += 2) {
    re += product[k]!;
    im += product[k + 1]!;
  }
  return [re, im];
}

/** |a|^2 by pixel, [y, x]. */
export function intensityOf(a: Plane): Float64Array {
  return Float64Array.from({ length: a.length / 2 }, (_, pixel) => a[2 * pixel]! ** 2 + a[2 * pixel + 1]! ** 2);
}

/** F{a}, without factor (conventions.md section 4). */
export function transformForward(a: Plane, [height, width]: Shape): Plane {
  return transformPlane(a, height, width, 1);
}

/** The inverse, with 1 / (h w). */
export function transformBack(a: Plane, [height, width]: Shape): Plane {
  return transformPlane(a, height, width, -1).map((value) => value / (height * width));
}

/** T_s a = F^-1{ F{a} exp(-2 pi i (f_k s_y + f_l s_x)) }, Nyquist as -1/2 (conventions.md section 6). */
export function shiftPlane(a: Plane, shape: Shape, [shiftY, shiftX]: readonly [number, number]): Plane {
  const [height, width] = shape;
  const frequency = (k: number, length: number) => (k < length / 2 ? k : k - length) / length;
  const spectrum = transformForward(a, shape);
  const ramp = new Float64Array(spectrum.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const angle = -2 * Math.PI * (frequency(y, height) * shiftY + frequency(x, width) * shiftX);
      ramp[2 * (y * width + x)] = Math.cos(angle);
      ramp[2 * (y * width + x) + 1] = Math.sin(angle);
    }
  }
  return transformBack(multiplyPlanes(spectrum, ramp), shape);
}

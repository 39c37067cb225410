// The phase that no diffraction experiment knows: a constant and a linear ramp, found on the unit circle.

import { createComplexImage, frequencyAt, planFft2d } from "../simulate/fft.ts";

/** phase(y, x) = constantRad + ramp * (y - (h - 1) / 2, x - (w - 1) / 2). */
export interface PhasePlane {
  /** At the centre of the image. */
  readonly constantRad: number;
  /** (y, x) */
  readonly rampRadPerPx: readonly [number, number];
}

const FIT_PASSES = 30;
const CONVERGED_RAD = 1e-12;

/**
 * Best plane through a wrapped phase image [y, x], equal weights: least squares of the wrapped residual. The start is
 * the largest Fourier component of e^(i phase), so ramps of many turns are found as well.
 */
export function fitPhasePlane(phaseRad: Float64Array, heightPx: number, widthPx: number): PhasePlane {
  let [constant, rampY, rampX] = findStart(phaseRad, heightPx, widthPx);
  // Pixel coordinates from the centre: constant and both slopes are orthogonal, each is a projection of its own.
  const normY = Math.max(1, (phaseRad.length * (heightPx * heightPx - 1)) / 12);
  const normX = Math.max(1, (phaseRad.length * (widthPx * widthPx - 1)) / 12);
  for (let pass = 0; pass < FIT_PASSES; pass++) {
    const rest = subtractPhasePlane(phaseRad, heightPx, widthPx, {
      constantRad: constant,
      rampRadPerPx: [rampY, rampX],
    });
    let [sum, sumY, sumX] = [0, 0, 0];
    for (let y = 0, i = 0; y < heightPx; y++) {
      for (let x = 0; x < widthPx; x++, i++) {
        sum += rest[i]!;
        sumY += rest[i]! * (y - (heightPx - 1) / 2);
        sumX += rest[i]! * (x - (widthPx - 1) / 2);
      }
    }
    constant += sum / phaseRad.length;
    rampY += sumY / normY;
    rampX += sumX / normX;
    const change = Math.abs(sum / phaseRad.length) + Math.abs(sumY / normY) + Math.abs(sumX / normX);
    if (change < CONVERGED_RAD) break;
  }
  return { constantRad: wrapPhase(constant), rampRadPerPx: [rampY, rampX] };
}

/** Phase image [y, x] minus a plane, wrapped to -pi ... pi. */
export function subtractPhasePlane(
  phaseRad: Float64Array,
  heightPx: number,
  widthPx: number,
  plane: PhasePlane,
): Float64Array {
  const rest = new Float64Array(phaseRad.length);
  const [rampY, rampX] = plane.rampRadPerPx;
  for (let y = 0, i = 0; y < heightPx; y++) {
    const row = plane.constantRad + rampY * (y - (heightPx - 1) / 2) - (rampX * (widthPx - 1)) / 2;
    for (let x = 0; x < widthPx; x++, i++) rest[i] = wrapPhase(phaseRad[i]! - row - rampX * x);
  }
  return rest;
}

/** An angle's equivalent in -pi ... pi. */
export function wrapPhase(phaseRad: number): number {
  return phaseRad - 2 * Math.PI * Math.round(phaseRad / (2 * Math.PI));
}

function findStart(phaseRad: Float64Array, heightPx: number, widthPx: number): [number, number, number] {
  // Padded to twice the size: the peak is then within a quarter period per image of the true ramp.
  const [rows, columns] = [padLength(heightPx), padLength(widthPx)];
  const unit = createComplexImage(rows, columns);
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      unit.re[y * columns + x] = Math.cos(phaseRad[i]!);
      unit.im[y * columns + x] = Math.sin(phaseRad[i]!);
    }
  }
  planFft2d(rows, columns).forward(unit);
  let peak = 0;
  let largest = -1;
  for (let i = 0; i < unit.re.length; i++) {
    const power = unit.re[i]! * unit.re[i]! + unit.im[i]! * unit.im[i]!;
    if (power > largest) [peak, largest] = [i, power];
  }
  const rampY = 2 * Math.PI * frequencyAt(Math.floor(peak / columns), rows);
  const rampX = 2 * Math.PI * frequencyAt(peak % columns, columns);
  const corner = Math.atan2(unit.im[peak]!, unit.re[peak]!);
  return [corner + (rampY * (heightPx - 1)) / 2 + (rampX * (widthPx - 1)) / 2, rampY, rampX];
}

function padLength(length: number): number {
  let padded = 1;
  while (padded < 2 * length) padded *= 2;
  return length === 1 ? 1 : padded;
}

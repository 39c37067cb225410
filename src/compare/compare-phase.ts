// How far a reconstruction is from the truth, once everything that no experiment can know has been removed.

import type { ComplexArray } from "../complex.ts";
import { fitPhasePlane, subtractPhasePlane } from "./phase-plane.ts";
import { cutBox, type PixelBox } from "./pixel-box.ts";
import { findShift, shiftImage } from "./registration.ts";

/** Errors over a box. `comparePhase` tells how each is defined. */
export interface ComparisonErrors {
  /** Root mean square of the phase difference after removing constant and ramp. */
  readonly phaseRmsRad: number;
  /** RMS of scale * amplitude - true amplitude, divided by the RMS of the true amplitude. */
  readonly amplitudeRms: number;
}

/** What `comparePhase` finds. */
export interface PhaseComparison extends ComparisonErrors {
  readonly box: PixelBox;
  /** What was taken off the result: result ~ truth / scale * exp(i (constant + ramp * (position - box centre))). */
  readonly removed: {
    readonly constantRad: number;
    /** (y, x) */
    readonly rampRadPerPx: readonly [number, number];
    /** Factor on the result's amplitude. */
    readonly scale: number;
  };
  /** [y, x] of the box: result minus truth, wrapped to -pi ... pi, constant and ramp removed. */
  readonly phaseDifferenceRad: Float64Array;
  /** Errors after moving the result back by `shiftPx` (y, x); null unless registration was asked for. */
  readonly registered: (ComparisonErrors & { readonly shiftPx: readonly [number, number] }) | null;
}

/**
 * Compares a reconstructed object [y, x] (or [1, y, x]) with the true one [y, x] over `box`, in data coordinates: the
 * result's pixel [0, 0] lies at `canvasOriginPx` (whole numbers), the truth's at (0, 0). The phase difference is taken
 * on the unit circle with equal weights; the amplitude scale is least squares. With `registerWithinPx` > 0 the errors
 * are given once more after a sub-pixel registration of at most so many pixels per axis. Throws InputError when the
 * box leaves one of the images or the origin is not whole.
 */
export function comparePhase(
  result: ComplexArray,
  canvasOriginPx: readonly [number, number],
  truth: ComplexArray,
  box: PixelBox,
  options: { readonly registerWithinPx?: number } = {},
): PhaseComparison {
  const trueBox = cutBox(truth, box, [0, 0], "truth_object");
  const foundBox = cutBox(result, box, canvasOriginPx, "reconstructed_object");
  const plain = compareBoxes(foundBox, trueBox);
  const bound = options.registerWithinPx ?? 0;
  const comparison = { ...plain, box, registered: null };
  if (bound <= 0) return comparison;

  const shiftPx = findShift(removePlane(foundBox, plain.removed), trueBox, bound);
  // A ramp would jump where the periodic shift wraps: it is removed first, over the whole canvas.
  const flat = removePlane(result, plain.removed);
  const moved = cutBox(shiftImage(flat, [-shiftPx[0], -shiftPx[1]]), box, canvasOriginPx, "reconstructed_object");
  const { phaseRmsRad, amplitudeRms } = compareBoxes(moved, trueBox);
  return { ...comparison, registered: { phaseRmsRad, amplitudeRms, shiftPx } };
}

function compareBoxes(found: ComplexArray, truth: ComplexArray) {
  const [heightPx, widthPx] = truth.shape as [number, number];
  const count = heightPx * widthPx;
  const phaseRad = new Float64Array(count);
  let [crossed, foundSquares, trueSquares] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const [a, b] = [found.data[2 * i]!, found.data[2 * i + 1]!];
    const [c, d] = [truth.data[2 * i]!, truth.data[2 * i + 1]!];
    phaseRad[i] = Math.atan2(b * c - a * d, a * c + b * d);
    const foundSquare = a * a + b * b;
    const trueSquare = c * c + d * d;
    crossed += Math.sqrt(foundSquare * trueSquare);
    foundSquares += foundSquare;
    trueSquares += trueSquare;
  }
  const scale = foundSquares > 0 ? crossed / foundSquares : 0;
  // sum (s a - t)^2 = s^2 sum a^2 - 2 s sum a t + sum t^2, at the best s
  const amplitudeSquares = Math.max(0, trueSquares - scale * crossed);
  const plane = fitPhasePlane(phaseRad, heightPx, widthPx);
  const phaseDifferenceRad = subtractPhasePlane(phaseRad, heightPx, widthPx, plane);
  const phaseSquares = phaseDifferenceRad.reduce((sum, value) => sum + value * value, 0);
  return {
    phaseRmsRad: Math.sqrt(phaseSquares / count),
    amplitudeRms: Math.sqrt(amplitudeSquares / trueSquares),
    removed: { ...plane, scale },
    phaseDifferenceRad,
  };
}

/** The image times scale * exp(-i ramp * (y, x)); the constant does not matter to what uses this. */
function removePlane(image: ComplexArray, { rampRadPerPx, scale }: PhaseComparison["removed"]): ComplexArray {
  const [heightPx, widthPx] = image.shape.slice(-2) as [number, number];
  const data = new Float32Array(image.data.length);
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      const angle = -(rampRadPerPx[0] * y + rampRadPerPx[1] * x);
      const [cosine, sine] = [scale * Math.cos(angle), scale * Math.sin(angle)];
      data[2 * i] = image.data[2 * i]! * cosine - image.data[2 * i + 1]! * sine;
      data[2 * i + 1] = image.data[2 * i]! * sine + image.data[2 * i + 1]! * cosine;
    }
  }
  return { shape: image.shape, data };
}

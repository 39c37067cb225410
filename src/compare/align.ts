// Lays a reconstruction on the truth: by its origin, then by a bounded shift, then without what no experiment knows.

import type { ComplexArray } from "../complex.ts";
import { type Degenerate, findAbsurdScale, findFlat, findNonFinite } from "./degenerate.ts";
import { fitPhasePlane, subtractPhasePlane, wrapPhase } from "./phase-plane.ts";
import { cutBox, imageShape, type PixelBox } from "./pixel-box.ts";
import type { RealImage } from "./real-image.ts";
import { findShift, shiftImage } from "./registration.ts";

/** How a reconstruction is laid on the truth. */
export interface AlignOptions {
  /** Largest shift per axis that registration may find, in pixels; 0 = by the origin alone. */
  readonly registerWithinPx: number;
  /** The factor on the amplitude must lie within 1 / scaleBound ... scaleBound of 1 or of `expectedScale`. */
  readonly scaleBound: number;
  /** Factor that the energies of the two probes lead to expect; null when one of them is unknown. */
  readonly expectedScale?: number | null;
}

/** Truth and result as amplitude and phase over the same box, [y, x]; the result without constant, ramp and scale. */
export interface AlignedImages {
  readonly truthAmplitude: RealImage;
  readonly foundAmplitude: RealImage;
  /** Radians, phase of the mean removed, -pi ... pi. */
  readonly truthPhase: RealImage;
  /** Radians: truthPhase + wrapped difference, so that it wraps nowhere where the truth does not. */
  readonly foundPhase: RealImage;
}

export interface Alignment {
  readonly images: AlignedImages;
  /** (y, x) by which registration moved the result, beyond its origin, to lie on the truth. */
  readonly offsetPx: readonly [number, number];
  /** The shift was cut off at the bound: the images may not belong together. */
  readonly atBound: boolean;
  /** What was taken off, at the box centre: result ~ truth / scale * exp(i (constant + ramp * position)). */
  readonly removed: {
    readonly constantRad: number;
    readonly rampRadPerPx: readonly [number, number];
    readonly scale: number;
  };
}

/** Pixels around the box that a shift needs, besides the bound, and over which the surroundings fade out. */
const FADE_PX = 24;
const LARGEST_PASSES = 6;
const SETTLED_PX = 0.001;

/**
 * Aligns `object` [y, x] (or [1, y, x]), whose pixel [0, 0] lies at `originPx` in data coordinates (fractions are
 * shifted away), with `truth` over `box`. Gives why not instead when the result is not finite, flat or of an absurd
 * scale. Throws InputError when the box leaves one of the images.
 */
export function alignToTruth(
  object: ComplexArray,
  originPx: readonly [number, number],
  truth: ComplexArray,
  box: PixelBox,
  options: AlignOptions,
): Alignment | Degenerate {
  const wholeOrigin: [number, number] = [Math.round(originPx[0]), Math.round(originPx[1])];
  const trueBox = cutBox(truth, box, [0, 0], "truth");
  const foundBox = cutBox(object, box, wholeOrigin, "reconstructed_object");
  const unusable = findNonFinite(foundBox) ?? findFlat(foundBox);
  if (unusable) return unusable;

  const bound = options.registerWithinPx;
  const around = growWithin(box, FADE_PX + Math.ceil(bound), wholeOrigin, imageShape(object, "reconstructed_object"));
  const inside: PixelBox = { ...box, top: box.top - around.top, left: box.left - around.left };
  const surroundings = clearNonFinite(cutBox(object, around, wholeOrigin, "reconstructed_object"));
  const centre: [number, number] = [inside.top + (box.heightPx - 1) / 2, inside.left + (box.widthPx - 1) / 2];

  // At data coordinate d the array holds what belongs to d + fraction.
  const start = [wholeOrigin[0] - originPx[0], wholeOrigin[1] - originPx[1]] as const;
  let offset: [number, number] = [0, 0];
  let plane = { constantRad: 0, rampRadPerPx: [0, 0] as readonly [number, number] };
  const place = () => {
    const flat = removePlane(surroundings, plane, centre);
    const by: [number, number] = [offset[0] - start[0], offset[1] - start[1]];
    return cutBox(by[0] === 0 && by[1] === 0 ? flat : shiftImage(fade(flat, inside), by), inside, [0, 0], "result");
  };
  const level = (image: ComplexArray) => {
    const rest = fitPhasePlane(phaseDifference(image, trueBox), box.heightPx, box.widthPx);
    plane = {
      constantRad: wrapPhase(plane.constantRad + rest.constantRad),
      rampRadPerPx: [plane.rampRadPerPx[0] + rest.rampRadPerPx[0], plane.rampRadPerPx[1] + rest.rampRadPerPx[1]],
    };
    return removePlane(image, rest, [(box.heightPx - 1) / 2, (box.widthPx - 1) / 2]);
  };
  for (let pass = 0; bound > 0 && pass < LARGEST_PASSES; pass++) {
    const [y, x] = findShift(level(place()), trueBox, pass === 0 ? bound : Math.min(bound, 1));
    const before = offset;
    offset = [clamp(offset[0] - y, bound), clamp(offset[1] - x, bound)];
    if (Math.max(Math.abs(offset[0] - before[0]), Math.abs(offset[1] - before[1])) < SETTLED_PX) break;
  }
  level(place());
  const aligned = describePair(level(place()), trueBox);
  const absurd = findAbsurdScale(aligned.scale, options.scaleBound, options.expectedScale ?? null);
  if (absurd) return absurd;
  return {
    images: aligned.images,
    offsetPx: offset,
    atBound: bound > 0 && Math.max(Math.abs(offset[0]), Math.abs(offset[1])) >= bound - SETTLED_PX,
    removed: { ...plane, scale: aligned.scale },
  };
}

function describePair(found: ComplexArray, truth: ComplexArray): { images: AlignedImages; scale: number } {
  const [heightPx, widthPx] = truth.shape as [number, number];
  const amplitudeOf = ({ data }: ComplexArray) =>
    Float64Array.from({ length: heightPx * widthPx }, (_, i) => Math.hypot(data[2 * i]!, data[2 * i + 1]!));
  const [trueAmplitude, foundAmplitude] = [amplitudeOf(truth), amplitudeOf(found)];
  let [crossed, squares, meanRe, meanIm] = [0, 0, 0, 0];
  for (let i = 0; i < trueAmplitude.length; i++) {
    crossed += trueAmplitude[i]! * foundAmplitude[i]!;
    squares += foundAmplitude[i]! ** 2;
    meanRe += truth.data[2 * i]!;
    meanIm += truth.data[2 * i + 1]!;
  }
  const scale = squares > 0 ? crossed / squares : 0;
  const reference = Math.atan2(meanIm, meanRe);
  const trueLevel = { constantRad: reference, rampRadPerPx: [0, 0] as const };
  const trueAngles = trueAmplitude.map((_, i) => Math.atan2(truth.data[2 * i + 1]!, truth.data[2 * i]!));
  const truePhase = subtractPhasePlane(trueAngles, heightPx, widthPx, trueLevel);
  const difference = phaseDifference(found, truth);
  const image = (values: Float64Array): RealImage => ({ heightPx, widthPx, values });
  return {
    scale,
    images: {
      truthAmplitude: image(trueAmplitude),
      foundAmplitude: image(foundAmplitude.map((amplitude) => scale * amplitude)),
      truthPhase: image(truePhase),
      foundPhase: image(truePhase.map((phase, i) => phase + difference[i]!)),
    },
  };
}

/** Phase of found times conj(truth) [y, x], -pi ... pi. */
function phaseDifference(found: ComplexArray, truth: ComplexArray): Float64Array {
  return Float64Array.from({ length: truth.data.length / 2 }, (_, i) => {
    const [a, b] = [found.data[2 * i]!, found.data[2 * i + 1]!];
    const [c, d] = [truth.data[2 * i]!, truth.data[2 * i + 1]!];
    return Math.atan2(b * c - a * d, a * c + b * d);
  });
}

/** The image times exp(-i (constant + ramp * (position - centre))). */
function removePlane(
  image: ComplexArray,
  plane: { readonly constantRad: number; readonly rampRadPerPx: readonly [number, number] },
  centre: readonly [number, number],
): ComplexArray {
  const [heightPx, widthPx] = image.shape as [number, number];
  const data = new Float32Array(image.data.length);
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      const [rampY, rampX] = plane.rampRadPerPx;
      const angle = -(plane.constantRad + rampY * (y - centre[0]) + rampX * (x - centre[1]));
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
      data[2 * i] = image.data[2 * i]! * cosine - image.data[2 * i + 1]! * sine;
      data[2 * i + 1] = image.data[2 * i]! * sine + image.data[2 * i + 1]! * cosine;
    }
  }
  return { shape: image.shape, data };
}

/**
 * Outside of `inside` the image goes over into its mean, halfway to the edge: a periodic shift would else carry the jump
 * between opposite edges into the box.
 */
function fade(image: ComplexArray, inside: PixelBox): ComplexArray {
  const [heightPx, widthPx] = image.shape as [number, number];
  const weightsY = fadeWeights(heightPx, inside.top, inside.heightPx);
  const weightsX = fadeWeights(widthPx, inside.left, inside.widthPx);
  let [meanRe, meanIm] = [0, 0];
  for (let i = 0; i < image.data.length; i += 2) {
    meanRe += (2 * image.data[i]!) / image.data.length;
    meanIm += (2 * image.data[i + 1]!) / image.data.length;
  }
  const data = new Float32Array(image.data.length);
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      const weight = weightsY[y]! * weightsX[x]!;
      data[2 * i] = meanRe + weight * (image.data[2 * i]! - meanRe);
      data[2 * i + 1] = meanIm + weight * (image.data[2 * i + 1]! - meanIm);
    }
  }
  return { shape: image.shape, data };
}

/** 1 over the box and the half of what is left beside it, then down to 0 at the edge as a squared sine. */
function fadeWeights(length: number, first: number, count: number): Float64Array {
  const last = first + count - 1;
  return Float64Array.from({ length }, (_, i) => {
    const [distance, room] = i < first ? [first - i, first] : i > last ? [i - last, length - 1 - last] : [0, 1];
    const share = Math.max(0, (distance - room / 2) / (room / 2));
    return Math.cos((Math.PI / 2) * Math.min(1, share)) ** 2;
  });
}

/** The box grown as far as the image, whose pixel [0, 0] lies at `originPx`, reaches. */
function growWithin(
  box: PixelBox,
  marginPx: number,
  originPx: readonly [number, number],
  shape: readonly [number, number],
): PixelBox {
  const top = Math.max(originPx[0], box.top - marginPx);
  const left = Math.max(originPx[1], box.left - marginPx);
  const bottom = Math.min(originPx[0] + shape[0], box.top + box.heightPx + marginPx);
  const right = Math.min(originPx[1] + shape[1], box.left + box.widthPx + marginPx);
  return { top, left, heightPx: bottom - top, widthPx: right - left };
}

/** Beyond the box a result may hold anything; what is no number becomes 0. */
function clearNonFinite(image: ComplexArray): ComplexArray {
  return { shape: image.shape, data: image.data.map((value) => (Number.isFinite(value) ? value : 0)) };
}

function clamp(value: number, bound: number): number {
  return Math.min(bound, Math.max(-bound, value));
}

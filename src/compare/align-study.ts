// The study's own way from a canvas to figures (study.md sections 6.2 and 6.3), kept so that its numbers can be set
// beside ours. Two differences, both on purpose: the registration is bounded, and degenerate images are not scored.

import type { ComplexArray } from "../complex.ts";
import { findFirstBelow, measureStudyFrc } from "./frc.ts";
import { measureErrors, psnrOf, toTurnShare } from "./measure-images.ts";
import { imageShape } from "./pixel-box.ts";
import { cropImage, mapImage, meanOf, type RealImage, rangeOf, smoothGaussian } from "./real-image.ts";
import { findPhaseCorrelationShift, shiftImage } from "./registration.ts";
import { measureSsim, measureStudyMsSsim } from "./ssim.ts";

/** Half of the study's stitching patch: the truth is cut so far beyond the positions. */
export const STUDY_MARGIN_PX = 10;
/** Cut at every edge after registration, and again before measuring. */
export const STUDY_BORDER_PX = 2;
const STUDY_TRIM_PX = 2;
/** The study sets no bound, and once moved an image by 119 px. */
export const STUDY_BOUND_PX = 10;

/** The study's figures of a component. */
export interface StudyComponent {
  readonly mae: number;
  readonly mse: number;
  /** Peak 255 on data of unit scale. */
  readonly psnrLegacy255: number;
  readonly ssim: number | null;
  readonly msSsim: number | null;
  readonly frc50: number | null;
}

export interface StudyMetrics {
  readonly amplitude: StudyComponent;
  readonly phase: StudyComponent;
  /** (y, x) by which the result was moved onto the truth. */
  readonly offsetPx: readonly [number, number];
  /** Mean of the true amplitude / mean of the result's. */
  readonly amplitudeFactor: number;
  /** Size that was measured. */
  readonly shapePx: readonly [number, number];
}

/**
 * The study's figures: truth cut 10 px beyond the scan positions [position, 2] (y, x), both centre-cropped to a common
 * size, phase correlation of the magnitudes, two borders of 2 px cut, least-squares planes off both phases, amplitude
 * scaled by the means. Null when nothing to measure is left. Both images must be finite there.
 */
export function measureAsStudy(
  object: ComplexArray,
  truth: ComplexArray,
  positionsPx: ArrayLike<number>,
  msSsimSigmaPx: number,
): StudyMetrics | null {
  const cut = cutTruth(toPlane(truth, "truth"), positionsPx);
  const canvas = toPlane(object, "reconstructed_object");
  const heightPx = Math.min(cut.shape[0]!, canvas.shape[0]!);
  const widthPx = Math.min(cut.shape[1]!, canvas.shape[1]!);
  const edge = STUDY_BORDER_PX + STUDY_TRIM_PX;
  if (Math.min(heightPx, widthPx) <= 2 * edge) return null;
  const target = centreCrop(cut, heightPx, widthPx);
  const source = centreCrop(canvas, heightPx, widthPx);
  const found = findPhaseCorrelationShift(partOf(source, Math.hypot), partOf(target, Math.hypot), STUDY_BOUND_PX);
  const offsetPx: [number, number] = [0 - found[0], 0 - found[1]];
  const moved = shiftImage(source, offsetPx);
  const measured = (image: ComplexArray, part: (re: number, im: number) => number) =>
    cropImage(partOf(image, part), edge, edge, heightPx - 2 * edge, widthPx - 2 * edge);
  const angle = (re: number, im: number) => Math.atan2(im, re);

  const trueAmplitude = measured(target, Math.hypot);
  const amplitude = measured(moved, Math.hypot);
  const amplitudeFactor = meanOf(trueAmplitude.values) / meanOf(amplitude.values);
  const scaled = mapImage(amplitude, (value) => amplitudeFactor * value);
  const [low, high] = rangeOf(trueAmplitude.values);
  const smooth = (image: RealImage) => smoothGaussian(image, msSsimSigmaPx);
  const truePhase = removePlane(measured(target, angle));
  const phase = removePlane(measured(moved, angle));
  return {
    amplitude: {
      ...measure(trueAmplitude, scaled),
      ssim: measureSsim(trueAmplitude, scaled, high - low),
      msSsim: measureStudyMsSsim(smooth(trueAmplitude), smooth(scaled)).value,
    },
    phase: {
      ...measure(truePhase, phase),
      ssim: measureSsim(mapImage(truePhase, toTurnShare), mapImage(phase, toTurnShare), 1),
      msSsim: measureStudyMsSsim(truePhase, phase).value,
    },
    offsetPx,
    amplitudeFactor,
    shapePx: [trueAmplitude.heightPx, trueAmplitude.widthPx],
  };
}

function measure(truth: RealImage, found: RealImage) {
  const errors = measureErrors(truth, found, null);
  return {
    ...errors,
    psnrLegacy255: psnrOf(errors.mse, 255),
    frc50: findFirstBelow(measureStudyFrc(truth, found), 0.5),
  };
}

/** Least-squares plane of the values as they are (phases are not unwrapped), subtracted. */
function removePlane({ heightPx, widthPx, values }: RealImage): RealImage {
  const [centreY, centreX] = [(heightPx - 1) / 2, (widthPx - 1) / 2];
  let [sum, sumY, sumX, normY, normX] = [0, 0, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const [y, x] = [Math.floor(i / widthPx) - centreY, (i % widthPx) - centreX];
    sum += values[i]!;
    sumY += y * values[i]!;
    sumX += x * values[i]!;
    normY += y * y;
    normX += x * x;
  }
  const [mean, slopeY, slopeX] = [sum / values.length, sumY / (normY || 1), sumX / (normX || 1)];
  const flat = values.map(
    (value, i) => value - mean - slopeY * (Math.floor(i / widthPx) - centreY) - slopeX * ((i % widthPx) - centreX),
  );
  return { heightPx, widthPx, values: flat };
}

/** Rows int(min y) - 10 ... int(max y) + 10, end excluded, and columns alike, as far as the truth reaches. */
function cutTruth(truth: ComplexArray, positionsPx: ArrayLike<number>): ComplexArray {
  const ranges = [0, 1].map((axis) => {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = axis; i < positionsPx.length; i += 2) {
      low = Math.min(low, positionsPx[i]!);
      high = Math.max(high, positionsPx[i]!);
    }
    const first = Math.max(0, Math.trunc(low) - STUDY_MARGIN_PX);
    return [first, Math.min(truth.shape[axis]!, Math.trunc(high) + STUDY_MARGIN_PX) - first] as const;
  });
  const [[top, heightPx], [left, widthPx]] = ranges as [readonly [number, number], readonly [number, number]];
  return crop(truth, top, left, Math.max(0, heightPx), Math.max(0, widthPx));
}

function centreCrop(image: ComplexArray, heightPx: number, widthPx: number): ComplexArray {
  return crop(image, (image.shape[0]! - heightPx) >> 1, (image.shape[1]! - widthPx) >> 1, heightPx, widthPx);
}

function crop(image: ComplexArray, top: number, left: number, heightPx: number, widthPx: number): ComplexArray {
  const data = new Float32Array(2 * heightPx * widthPx);
  for (let y = 0; y < heightPx; y++) {
    const start = 2 * ((top + y) * image.shape[1]! + left);
    data.set(image.data.subarray(start, start + 2 * widthPx), 2 * y * widthPx);
  }
  return { shape: [heightPx, widthPx], data };
}

function toPlane(image: ComplexArray, name: string): ComplexArray {
  return { shape: imageShape(image, name), data: image.data };
}

function partOf({ shape, data }: ComplexArray, part: (re: number, im: number) => number): RealImage {
  const [heightPx, widthPx] = shape as [number, number];
  const values = Float64Array.from({ length: heightPx * widthPx }, (_, i) => part(data[2 * i]!, data[2 * i + 1]!));
  return { heightPx, widthPx, values };
}

// All metrics of one pair of real images, the truth and what was found: amplitude or phase.

import { type FrcCurve, findFirstBelow, measureFrc, measureStudyFrc } from "./frc.ts";
import { mapImage, type RealImage, rangeOf, smoothGaussian } from "./real-image.ts";
import { measureSsim, measureStandardMsSsim, measureStudyMsSsim } from "./ssim.ts";

/** What an image is; phases in radians. */
export type Component = "amplitude" | "phase";

/** Pixel by pixel errors. */
export interface PointErrors {
  readonly mae: number;
  readonly mse: number;
}

/** Metrics of a component. Null: not defined for these images. PSNR in decibels, infinite for equal images. */
export interface ComponentMetrics extends PointErrors {
  /** 10 log10(psnrPeak^2 / mse); null when the truth is constant. */
  readonly psnr: number | null;
  /** Range of the truth, largest - smallest. */
  readonly psnrPeak: number;
  /** The same with a peak of 255 whatever the data: the study's figure. */
  readonly psnrLegacy255: number;
  /** 7 x 7 uniform window. */
  readonly ssim: number | null;
  /** Amplitude: range of the truth. Phase: 1, after (phase + pi) / (2 pi). */
  readonly ssimDataRange: number;
  /** The study's definition. */
  readonly msSsim: number | null;
  readonly msSsimLevels: number;
  /** The standard one, data range = psnrPeak. */
  readonly msSsimStandard: number | null;
  readonly msSsimStandardLevels: number;
  /** The study's: index of the first ring of its FRC below 0.5. */
  readonly frc50: number | null;
  readonly frc: FrcCurve;
}

export interface MeasureOptions {
  /** Gaussian on amplitudes, and only on them, before the study's MS-SSIM. */
  readonly msSsimSigmaPx: number;
  /** [y, x], non-zero = counts for the pixel by pixel errors; null = all. */
  readonly mask: Uint8Array | null;
}

/** Measures `found` against `truth`; both are aligned, of equal size and finite. */
export function measureImages(
  truth: RealImage,
  found: RealImage,
  component: Component,
  options: MeasureOptions,
): ComponentMetrics {
  const errors = measureErrors(truth, found, options.mask);
  const [low, high] = rangeOf(truth.values);
  const psnrPeak = high - low;
  const ssimDataRange = component === "phase" ? 1 : psnrPeak;
  const sigmaPx = component === "amplitude" ? options.msSsimSigmaPx : 0;
  const study = measureStudyMsSsim(smoothGaussian(truth, sigmaPx), smoothGaussian(found, sigmaPx));
  const standard = measureStandardMsSsim(truth, found, psnrPeak);
  return {
    ...errors,
    psnr: psnrPeak > 0 ? psnrOf(errors.mse, psnrPeak) : null,
    psnrPeak,
    psnrLegacy255: psnrOf(errors.mse, 255),
    ssim:
      component === "phase"
        ? measureSsim(mapImage(truth, toTurnShare), mapImage(found, toTurnShare), ssimDataRange)
        : measureSsim(truth, found, ssimDataRange),
    ssimDataRange,
    msSsim: study.value,
    msSsimLevels: study.levels,
    msSsimStandard: standard.value,
    msSsimStandardLevels: standard.levels,
    frc50: findFirstBelow(measureStudyFrc(truth, found), 0.5),
    frc: measureFrc(truth, found),
  };
}

/** Means of |found - truth| and (found - truth)^2 over the pixels of the mask. */
export function measureErrors(truth: RealImage, found: RealImage, mask: Uint8Array | null): PointErrors {
  let [absolute, squares, count] = [0, 0, 0];
  for (let i = 0; i < truth.values.length; i++) {
    if (mask && mask[i] === 0) continue;
    const difference = found.values[i]! - truth.values[i]!;
    absolute += Math.abs(difference);
    squares += difference * difference;
    count += 1;
  }
  return { mae: absolute / count, mse: squares / count };
}

/** Decibels of a mean square error below the square of a peak. */
export function psnrOf(mse: number, peak: number): number {
  return 10 * Math.log10((peak * peak) / mse);
}

/** -pi ... pi to 0 ... 1. */
export function toTurnShare(phaseRad: number): number {
  return (phaseRad + Math.PI) / (2 * Math.PI);
}

// Bounded sub-pixel registration of a result on the truth, by the peak of their cross-correlation.

import type { ComplexArray } from "../complex.ts";
import { type ComplexImage, createComplexImage, frequencyAt, planFft2d } from "../simulate/fft.ts";
import type { RealImage } from "./real-image.ts";

const COARSE_STEP_PX = 0.25;
const FINE_STEP_PX = 0.01;
const FINEST_STEP_PX = 0.001;
const STUDY_STEP_PX = 1 / 50;
/** Hundred times the rounding unit of float32, in which the study computes. */
const SMALLEST_POWER = 100 * 2 ** -23;

/**
 * Shift (y, x) of at most `boundPx` per axis, on a grid of 0.001 px, by which `image` lies beside `truth`: image(y, x) is
 * truth(y - shift_y, x - shift_x) best. Both [y, x] of equal shape, constant and ramp already removed.
 */
export function findShift(image: ComplexArray, truth: ComplexArray, boundPx: number): [number, number] {
  const a = windowedSpectrum(image);
  const b = windowedSpectrum(truth);
  const cross = multiplyConjugate(a, b);
  const coarse = searchGrid(cross, [0, 0], boundPx, COARSE_STEP_PX, boundPx);
  const middle = searchGrid(cross, coarse, COARSE_STEP_PX, COARSE_STEP_PX / 5, boundPx);
  const fine = searchGrid(cross, middle, COARSE_STEP_PX / 5, FINE_STEP_PX, boundPx);
  return searchGrid(cross, fine, FINE_STEP_PX, FINEST_STEP_PX, boundPx);
}

/**
 * The same for two real images by phase correlation, no window, whole pixels first and then steps of 1/50: what the
 * study does (scikit-image's phase_cross_correlation with an upsampling of 50), but bounded.
 */
export function findPhaseCorrelationShift(image: RealImage, truth: RealImage, boundPx: number): [number, number] {
  const { heightPx, widthPx } = image;
  const [a, b] = [image, truth].map(({ values }) => {
    const wave = createComplexImage(heightPx, widthPx);
    wave.re.set(values);
    planFft2d(heightPx, widthPx).forward(wave);
    return wave;
  }) as [ComplexImage, ComplexImage];
  const cross = multiplyConjugate(a, b);
  for (let i = 0; i < cross.re.length; i++) {
    const modulus = Math.max(Math.hypot(cross.re[i]!, cross.im[i]!), SMALLEST_POWER);
    cross.re[i]! /= modulus;
    cross.im[i]! /= modulus;
  }
  const whole = searchGrid(cross, [0, 0], Math.floor(boundPx), 1, Math.floor(boundPx));
  return searchGrid(cross, whole, 37 * STUDY_STEP_PX, STUDY_STEP_PX, boundPx);
}

/** Content of a complex image [y, x] (or [1, y, x]) moved by `shiftPx` (y, x) through its spectrum; periodic. */
export function shiftImage(image: ComplexArray, shiftPx: readonly [number, number]): ComplexArray {
  const [heightPx, widthPx] = image.shape.slice(-2) as [number, number];
  const wave = createComplexImage(heightPx, widthPx);
  for (let i = 0; i < wave.re.length; i++) {
    wave.re[i] = image.data[2 * i]!;
    wave.im[i] = image.data[2 * i + 1]!;
  }
  const fft = planFft2d(heightPx, widthPx);
  fft.forward(wave);
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      const angle = -2 * Math.PI * (frequencyAt(y, heightPx) * shiftPx[0] + frequencyAt(x, widthPx) * shiftPx[1]);
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
      const re = wave.re[i]! * cosine - wave.im[i]! * sine;
      wave.im[i] = wave.re[i]! * sine + wave.im[i]! * cosine;
      wave.re[i] = re;
    }
  }
  fft.inverse(wave);
  const data = new Float32Array(image.data.length);
  for (let i = 0; i < wave.re.length; i++) {
    data[2 * i] = wave.re[i]!;
    data[2 * i + 1] = wave.im[i]!;
  }
  return { shape: image.shape, data };
}

/** a * conj(b). */
function multiplyConjugate(a: ComplexImage, b: ComplexImage): ComplexImage {
  const product = createComplexImage(a.heightPx, a.widthPx);
  for (let i = 0; i < product.re.length; i++) {
    product.re[i] = a.re[i]! * b.re[i]! + a.im[i]! * b.im[i]!;
    product.im[i] = a.im[i]! * b.re[i]! - a.re[i]! * b.im[i]!;
  }
  return product;
}

/** Spectrum of the image without its mean under a Hann window: edges of the box must not look like structure. */
function windowedSpectrum(image: ComplexArray): ComplexImage {
  const [heightPx, widthPx] = image.shape as [number, number];
  const count = heightPx * widthPx;
  let [meanRe, meanIm] = [0, 0];
  for (let i = 0; i < count; i++) {
    meanRe += image.data[2 * i]! / count;
    meanIm += image.data[2 * i + 1]! / count;
  }
  const wave = createComplexImage(heightPx, widthPx);
  for (let y = 0, i = 0; y < heightPx; y++) {
    const weightY = Math.sin((Math.PI * (y + 0.5)) / heightPx) ** 2;
    for (let x = 0; x < widthPx; x++, i++) {
      const weight = weightY * Math.sin((Math.PI * (x + 0.5)) / widthPx) ** 2;
      wave.re[i] = weight * (image.data[2 * i]! - meanRe);
      wave.im[i] = weight * (image.data[2 * i + 1]! - meanIm);
    }
  }
  planFft2d(heightPx, widthPx).forward(wave);
  return wave;
}

/** Shift with the largest |sum_k cross_k exp(2 pi i f_k shift)| on a grid of +- reach around `centre`. */
function searchGrid(
  cross: ComplexImage,
  centre: readonly [number, number],
  reachPx: number,
  stepPx: number,
  boundPx: number,
): [number, number] {
  const steps = Math.ceil(reachPx / stepPx - 1e-9);
  const clamp = (value: number) => Math.min(boundPx, Math.max(-boundPx, value));
  const shifts = (middle: number) =>
    Array.from({ length: 2 * steps + 1 }, (_, i) => clamp(middle + (i - steps) * stepPx));
  const rows = shifts(centre[0]);
  const columns = shifts(centre[1]);
  let best: [number, number] = [clamp(centre[0]), clamp(centre[1])];
  let largest = -1;
  for (const shiftY of rows) {
    const line = sumRows(cross, shiftY);
    for (const shiftX of columns) {
      const power = sumLine(line, shiftX);
      if (power > largest) [best, largest] = [[shiftY, shiftX], power];
    }
  }
  return best;
}

function sumRows({ heightPx, widthPx, re, im }: ComplexImage, shiftY: number): ComplexImage {
  const line = createComplexImage(1, widthPx);
  for (let y = 0, i = 0; y < heightPx; y++) {
    const angle = 2 * Math.PI * frequencyAt(y, heightPx) * shiftY;
    const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
    for (let x = 0; x < widthPx; x++, i++) {
      line.re[x]! += re[i]! * cosine - im[i]! * sine;
      line.im[x]! += re[i]! * sine + im[i]! * cosine;
    }
  }
  return line;
}

function sumLine({ widthPx, re, im }: ComplexImage, shiftX: number): number {
  let [sumRe, sumIm] = [0, 0];
  for (let x = 0; x < widthPx; x++) {
    const angle = 2 * Math.PI * frequencyAt(x, widthPx) * shiftX;
    const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
    sumRe += re[x]! * cosine - im[x]! * sine;
    sumIm += re[x]! * sine + im[x]! * cosine;
  }
  return sumRe * sumRe + sumIm * sumIm;
}

// Probes: an annular pupil out of focus or a pinhole after a short flight, their incoherent modes, and the slightly
// wrong first guess that a scan file offers. The total energy of a probe is 1.

import { type ComplexArray, complexZeros } from "../complex.ts";
import { cosSinOfTurns, exponential } from "./elementary.ts";
import { type ComplexImage, createComplexImage, frequencyAt, planFft2d } from "./fft.ts";
import type { SimulateOptions } from "./options.ts";

/** True probe [mode, y, x] with sum |P|^2 = 1 over modes and pixels. */
export function createProbe(options: SimulateOptions["probe"], shapePx: readonly [number, number]): ComplexArray {
  const wave = options.kind === "zone-plate" ? createPupil(options, shapePx) : createPinhole(options, shapePx);
  addHalo(wave, options.halo);
  multiplyFourier(wave, options.defocusPx2, 0);
  planFft2d(...shapePx).inverse(wave);
  return createModes(centreImage(wave), options.modes, options.modeDecay);
}

/** First mode of `probe` with wrong defocus and blurred, [1, y, x], carrying the energy of all modes. */
export function perturbProbe(probe: ComplexArray, options: SimulateOptions["probeGuess"]): ComplexArray {
  const [, heightPx, widthPx] = probe.shape as [number, number, number];
  const wave = createComplexImage(heightPx, widthPx);
  for (let i = 0; i < wave.re.length; i++) {
    wave.re[i] = probe.data[2 * i]!;
    wave.im[i] = probe.data[2 * i + 1]!;
  }
  const fft = planFft2d(heightPx, widthPx);
  fft.forward(wave);
  multiplyFourier(wave, options.defocusErrorPx2, options.blurPx);
  fft.inverse(wave);
  const guess = complexZeros([1, heightPx, widthPx]);
  const factor = Math.sqrt(energyOf(probe.data) / imageEnergy(wave));
  for (let i = 0; i < wave.re.length; i++) {
    guess.data[2 * i] = factor * wave.re[i]!;
    guess.data[2 * i + 1] = factor * wave.im[i]!;
  }
  return guess;
}

/** Sum of squared moduli. */
export function energyOf(data: Float32Array): number {
  let sum = 0;
  for (const value of data) sum += value * value;
  return sum;
}

/** Wave in Fourier space, zero frequency at (0, 0). */
function createPupil(options: SimulateOptions["probe"], [heightPx, widthPx]: readonly [number, number]): ComplexImage {
  const outer = options.pupil / 2; // cycles per pixel
  const inner = outer * options.centralStop;
  const edge = options.edge / Math.min(heightPx, widthPx);
  const pupil = createComplexImage(heightPx, widthPx);
  for (let y = 0, i = 0; y < heightPx; y++) {
    const fy = frequencyAt(y, heightPx);
    for (let x = 0; x < widthPx; x++, i++) {
      const fx = frequencyAt(x, widthPx);
      const radius = Math.sqrt(fy * fy + fx * fx);
      const stop = inner > 0 ? softStep((radius - inner) / edge) : 1;
      pupil.re[i] = softStep((outer - radius) / edge) * stop;
    }
  }
  return pupil;
}

function createPinhole(
  options: SimulateOptions["probe"],
  [heightPx, widthPx]: readonly [number, number],
): ComplexImage {
  const wave = createComplexImage(heightPx, widthPx);
  for (let y = 0, i = 0; y < heightPx; y++) {
    const dy = frequencyAt(y, heightPx) * heightPx;
    for (let x = 0; x < widthPx; x++, i++) {
      const dx = frequencyAt(x, widthPx) * widthPx;
      wave.re[i] = softStep((options.diameterPx / 2 - Math.sqrt(dy * dy + dx * dx)) / options.edge);
    }
  }
  planFft2d(heightPx, widthPx).forward(wave);
  return wave;
}

/** 0 -> 1 with an rms width of about 1: the logistic curve of that variance. */
function softStep(x: number): number {
  return 1 / (1 + exponential((-x * Math.PI) / Math.sqrt(3)));
}

/** No detector pixel is perfectly dark behind real optics; engines need its phase to be defined as well. */
function addHalo(wave: ComplexImage, halo: number): void {
  let largest = 0;
  for (let i = 0; i < wave.re.length; i++) largest = Math.max(largest, squareAt(wave, i));
  const level = halo * Math.sqrt(largest);
  for (let i = 0; i < wave.re.length; i++) wave.re[i]! += level;
}

/** Free flight (Fresnel) over `defocusPx2` and a Gaussian blur, as factors on the spectrum. */
function multiplyFourier(wave: ComplexImage, defocusPx2: number, blurPx: number): void {
  const { heightPx, widthPx, re, im } = wave;
  for (let y = 0, i = 0; y < heightPx; y++) {
    const fy = frequencyAt(y, heightPx);
    for (let x = 0; x < widthPx; x++, i++) {
      const fx = frequencyAt(x, widthPx);
      const square = fy * fy + fx * fx;
      const [cosine, sine] = cosSinOfTurns(-0.5 * defocusPx2 * square);
      const damping = blurPx === 0 ? 1 : exponential(-2 * Math.PI * Math.PI * blurPx * blurPx * square);
      const real = damping * (re[i]! * cosine - im[i]! * sine);
      im[i] = damping * (re[i]! * sine + im[i]! * cosine);
      re[i] = real;
    }
  }
}

/** Moves index (0, 0) to (h//2, w//2). */
function centreImage(image: ComplexImage): ComplexImage {
  const { heightPx, widthPx } = image;
  const centred = createComplexImage(heightPx, widthPx);
  for (let y = 0, i = 0; y < heightPx; y++) {
    const row = ((y + (heightPx >> 1)) % heightPx) * widthPx;
    for (let x = 0; x < widthPx; x++, i++) {
      const target = row + ((x + (widthPx >> 1)) % widthPx);
      centred.re[target] = image.re[i]!;
      centred.im[target] = image.im[i]!;
    }
  }
  return centred;
}

/**
 * Mode m is the wave times y^a x^b of growing order under a Gaussian that keeps its skirt dark, made orthogonal to those
 * before (Gram-Schmidt).
 */
function createModes(wave: ComplexImage, count: number, decay: number): ComplexArray {
  const { heightPx, widthPx } = wave;
  const modes: ComplexImage[] = [];
  const probe = complexZeros([count, heightPx, widthPx]);
  const total = Array.from({ length: count }).reduce<number>((sum) => 1 + decay * sum, 0);
  const radiusPx = measureRadius(wave);
  for (let order = 0; modes.length < count; order++) {
    for (let a = 0; a <= order && modes.length < count; a++) {
      const mode = weighWave(wave, a, order - a, radiusPx);
      for (const earlier of modes) subtractProjection(mode, earlier);
      const factor = 1 / Math.sqrt(imageEnergy(mode));
      const share = power(decay, modes.length) / total;
      const base = 2 * modes.length * mode.re.length;
      for (let i = 0; i < mode.re.length; i++) {
        mode.re[i]! *= factor;
        mode.im[i]! *= factor;
        probe.data[base + 2 * i] = mode.re[i]! * Math.sqrt(share);
        probe.data[base + 2 * i + 1] = mode.im[i]! * Math.sqrt(share);
      }
      modes.push(mode);
    }
  }
  return probe;
}

function weighWave(wave: ComplexImage, orderY: number, orderX: number, radiusPx: number): ComplexImage {
  const { heightPx, widthPx, re, im } = wave;
  const mode = createComplexImage(heightPx, widthPx);
  for (let y = 0, i = 0; y < heightPx; y++) {
    const dy = (y - (heightPx >> 1)) / radiusPx;
    for (let x = 0; x < widthPx; x++, i++) {
      const dx = (x - (widthPx >> 1)) / radiusPx;
      const skirt = orderY + orderX === 0 ? 1 : exponential(-0.5 * (dy * dy + dx * dx));
      const weight = skirt * power(dy, orderY) * power(dx, orderX);
      mode.re[i] = weight * re[i]!;
      mode.im[i] = weight * im[i]!;
    }
  }
  return mode;
}

/** Root of the mean squared distance from the centre, weighted by intensity. */
function measureRadius(wave: ComplexImage): number {
  let sum = 0;
  for (let y = 0, i = 0; y < wave.heightPx; y++) {
    const dy = y - (wave.heightPx >> 1);
    for (let x = 0; x < wave.widthPx; x++, i++) {
      const dx = x - (wave.widthPx >> 1);
      sum += squareAt(wave, i) * (dy * dy + dx * dx);
    }
  }
  return Math.sqrt(sum / imageEnergy(wave));
}

function subtractProjection(mode: ComplexImage, unit: ComplexImage): void {
  let re = 0;
  let im = 0;
  for (let i = 0; i < mode.re.length; i++) {
    re += mode.re[i]! * unit.re[i]! + mode.im[i]! * unit.im[i]!;
    im += mode.im[i]! * unit.re[i]! - mode.re[i]! * unit.im[i]!;
  }
  for (let i = 0; i < mode.re.length; i++) {
    mode.re[i]! -= re * unit.re[i]! - im * unit.im[i]!;
    mode.im[i]! -= re * unit.im[i]! + im * unit.re[i]!;
  }
}

function imageEnergy(image: ComplexImage): number {
  let sum = 0;
  for (let i = 0; i < image.re.length; i++) sum += squareAt(image, i);
  return sum;
}

function squareAt({ re, im }: ComplexImage, i: number): number {
  return re[i]! * re[i]! + im[i]! * im[i]!;
}

/** Whole-number power by multiplication: Math.pow is not the same everywhere. */
function power(base: number, exponent: number): number {
  let product = 1;
  for (let i = 0; i < exponent; i++) product *= base;
  return product;
}

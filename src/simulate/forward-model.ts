// What the detector sees: |FFT(T_f P * O)|^2 in the file's orientation, in float64.

import type { ComplexArray } from "../complex.ts";
import { roundHalfEven } from "../engine/geometry.ts";
import { cosSinOfTurns } from "./elementary.ts";
import { type ComplexImage, createComplexImage, frequencyAt, planFft2d } from "./fft.ts";

/** Computes patterns one at a time. */
export interface ForwardModel {
  /**
   * Writes the intensity [y, x] expected at (y, x) = position, zero frequency at index (h//2, w//2), unitary scale:
   * its sum is that of |exit wave|^2 over modes and pixels. Returns this sum. The object pixel under pattern index
   * (h//2, w//2) lies at the position; its sub-pixel part shifts the probe through its spectrum (conventions.md 5, 6),
   * here in every mode: light does not know which mode an engine shifts.
   */
  writeIntensity(y: number, x: number, target: Float32Array, offset: number): number;
}

/** Forward model of an object [y, x] and a probe [mode, y, x]. */
export function createForwardModel(object: ComplexArray, probe: ComplexArray): ForwardModel {
  const [modes, heightPx, widthPx] = probe.shape as [number, number, number];
  const objectWidthPx = object.shape[1]!;
  const count = heightPx * widthPx;
  const fft = planFft2d(heightPx, widthPx);
  const spectra = Array.from({ length: modes }, (_, mode) => transformMode(probe, mode));
  const wave = createComplexImage(heightPx, widthPx);
  const intensity = new Float64Array(count);
  const shiftRows = new Float64Array(2 * heightPx);
  const shiftColumns = new Float64Array(2 * widthPx);

  /** wave = inverse FFT of the mode's spectrum times exp(-2 pi i f s). */
  function shiftProbe(spectrum: ComplexImage): void {
    for (let y = 0, i = 0; y < heightPx; y++) {
      const rowC = shiftRows[2 * y]!;
      const rowS = shiftRows[2 * y + 1]!;
      for (let x = 0; x < widthPx; x++, i++) {
        const c = rowC * shiftColumns[2 * x]! - rowS * shiftColumns[2 * x + 1]!;
        const s = rowC * shiftColumns[2 * x + 1]! + rowS * shiftColumns[2 * x]!;
        wave.re[i] = spectrum.re[i]! * c - spectrum.im[i]! * s;
        wave.im[i] = spectrum.re[i]! * s + spectrum.im[i]! * c;
      }
    }
    fft.inverse(wave);
  }

  function multiplyObject(startY: number, startX: number): void {
    for (let y = 0, i = 0; y < heightPx; y++) {
      let source = 2 * ((startY + y) * objectWidthPx + startX);
      for (let x = 0; x < widthPx; x++, i++, source += 2) {
        const re = object.data[source]!;
        const im = object.data[source + 1]!;
        const real = wave.re[i]! * re - wave.im[i]! * im;
        wave.im[i] = wave.re[i]! * im + wave.im[i]! * re;
        wave.re[i] = real;
      }
    }
  }

  return {
    writeIntensity(positionY, positionX, target, offset) {
      const wholeY = roundHalfEven(positionY);
      const wholeX = roundHalfEven(positionX);
      fillShift(shiftRows, heightPx, positionY - wholeY);
      fillShift(shiftColumns, widthPx, positionX - wholeX);
      intensity.fill(0);
      for (const spectrum of spectra) {
        shiftProbe(spectrum);
        multiplyObject(wholeY - (heightPx >> 1), wholeX - (widthPx >> 1));
        fft.forward(wave);
        for (let i = 0; i < count; i++) intensity[i]! += wave.re[i]! * wave.re[i]! + wave.im[i]! * wave.im[i]!;
      }
      return storeCentred(intensity, heightPx, widthPx, target, offset);
    },
  };
}

function transformMode(probe: ComplexArray, mode: number): ComplexImage {
  const [, heightPx, widthPx] = probe.shape as [number, number, number];
  const image = createComplexImage(heightPx, widthPx);
  const base = 2 * mode * image.re.length;
  for (let i = 0; i < image.re.length; i++) {
    image.re[i] = probe.data[base + 2 * i]!;
    image.im[i] = probe.data[base + 2 * i + 1]!;
  }
  planFft2d(heightPx, widthPx).forward(image);
  return image;
}

/** cos, sin of -2 pi f_k shift along one axis. */
function fillShift(factors: Float64Array, length: number, shiftPx: number): void {
  for (let k = 0; k < length; k++) {
    const [cosine, sine] = cosSinOfTurns(-frequencyAt(k, length) * shiftPx);
    factors[2 * k] = cosine;
    factors[2 * k + 1] = sine;
  }
}

/** Zero frequency from (0, 0) to (h//2, w//2), divided by the pixel count; returns the sum. */
function storeCentred(
  intensity: Float64Array,
  heightPx: number,
  widthPx: number,
  target: Float32Array,
  offset: number,
): number {
  const factor = 1 / (heightPx * widthPx);
  let sum = 0;
  for (let y = 0, i = 0; y < heightPx; y++) {
    const row = offset + ((y + (heightPx >> 1)) % heightPx) * widthPx;
    for (let x = 0; x < widthPx; x++, i++) {
      const value = factor * intensity[i]!;
      target[row + ((x + (widthPx >> 1)) % widthPx)] = value;
      sum += value;
    }
  }
  return sum;
}

// The study's forward model: object patch by bilinear translation, times the probe, unitary FFT. In float64.

import { createComplexImage, planFft2d } from "../simulate/fft.ts";
import type { StudyBase } from "./base.ts";

/** Computes one position at a time: (y, x), inside the object, is its pixel under pattern index (N/2, N/2). */
export interface StudyModel {
  readonly patternPx: number;
  /** Sum over the patch of |O|^2 |P|^2: the whole light of the pattern, without an FFT (Parseval). */
  measureEnergy(y: number, x: number): number;
  /** Writes |FFT2(O P)|^2 / N^2 [N, N], zero frequency at (N/2, N/2). */
  writeIntensity(y: number, x: number, target: Float64Array): void;
  /** Writes the object patch [N, N] as re, im pairs. */
  writePatch(y: number, x: number, target: Float32Array): void;
}

/** Model of an object [y, x] and a probe [N, N]. The object is zero outside. */
export function createStudyModel({ object, probe }: Pick<StudyBase, "object" | "probe">): StudyModel {
  const patternPx = probe.shape[0]!;
  const half = patternPx / 2;
  const count = patternPx * patternPx;
  const [rows, columns] = object.shape as [number, number];
  // N/2 zeros on every side: the patch at (y, x) then begins at padded index (floor y, floor x).
  const padded = createComplexImage(rows + patternPx, columns + patternPx);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const target = (y + half) * padded.widthPx + x + half;
      const source = 2 * (y * columns + x);
      padded.re[target] = object.data[source]!;
      padded.im[target] = object.data[source + 1]!;
    }
  }
  const fft = planFft2d(patternPx, patternPx);
  const wave = createComplexImage(patternPx, patternPx);
  const probeEnergy = Float64Array.from({ length: count }, (_, i) => {
    const [re, im] = [probe.data[2 * i]!, probe.data[2 * i + 1]!];
    return re * re + im * im;
  });

  /** wave[r, c] = object[r + y - N/2, c + x - N/2] */
  function cutPatch(y: number, x: number): void {
    const top = Math.floor(y);
    const left = Math.floor(x);
    const lower = y - top;
    const right = x - left;
    const [w00, w01] = [(1 - lower) * (1 - right), (1 - lower) * right];
    const [w10, w11] = [lower * (1 - right), lower * right];
    const { widthPx, re, im } = padded;
    for (let r = 0, i = 0; r < patternPx; r++) {
      let at = (top + r) * widthPx + left;
      for (let c = 0; c < patternPx; c++, i++, at++) {
        const below = at + widthPx;
        wave.re[i] = w00 * re[at]! + w01 * re[at + 1]! + w10 * re[below]! + w11 * re[below + 1]!;
        wave.im[i] = w00 * im[at]! + w01 * im[at + 1]! + w10 * im[below]! + w11 * im[below + 1]!;
      }
    }
  }

  return {
    patternPx,
    measureEnergy(y, x) {
      cutPatch(y, x);
      let sum = 0;
      for (let i = 0; i < count; i++) sum += squareAt(wave.re[i]!, wave.im[i]!) * probeEnergy[i]!;
      return sum;
    },
    writeIntensity(y, x, target) {
      cutPatch(y, x);
      for (let i = 0; i < count; i++) {
        const [re, im] = [wave.re[i]!, wave.im[i]!];
        const [pr, pi] = [probe.data[2 * i]!, probe.data[2 * i + 1]!];
        wave.re[i] = re * pr - im * pi;
        wave.im[i] = re * pi + im * pr;
      }
      fft.forward(wave);
      for (let r = 0, i = 0; r < patternPx; r++) {
        const row = ((r + half) % patternPx) * patternPx;
        for (let c = 0; c < patternPx; c++, i++) {
          target[row + ((c + half) % patternPx)] = squareAt(wave.re[i]!, wave.im[i]!) / count;
        }
      }
    },
    writePatch(y, x, target) {
      cutPatch(y, x);
      for (let i = 0; i < count; i++) {
        target[2 * i] = wave.re[i]!;
        target[2 * i + 1] = wave.im[i]!;
      }
    },
  };
}

function squareAt(re: number, im: number): number {
  return re * re + im * im;
}

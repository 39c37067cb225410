// The forward model against its definition: bilinear patch with zeros outside, plain DFT sums, zero frequency in the middle.
import { describe, expect, test } from "vitest";
import { type ComplexArray, complexView } from "../../src/complex.ts";
import { createGenerator } from "../../src/schedule/random.ts";
import { createStudyModel } from "../../src/study/study-model.ts";

const N = 8;
const generator = createGenerator(1, 999);
const random = (rows: number, columns: number): ComplexArray =>
  complexView(
    Float32Array.from({ length: 2 * rows * columns }, () => generator.nextUnit() - 0.5),
    [rows, columns],
  );
const object = random(20, 23);
const probe = random(N, N);
const model = createStudyModel({ object, probe });

/** Object value at whole coordinates, zero outside. */
function objectAt(y: number, x: number): [number, number] {
  if (y < 0 || x < 0 || y >= 20 || x >= 23) return [0, 0];
  return [object.data[2 * (y * 23 + x)]!, object.data[2 * (y * 23 + x) + 1]!];
}

/** patch[r, c] = object[r + y - N/2, c + x - N/2], linear between whole coordinates along both axes. */
function patchAt(y: number, x: number, r: number, c: number): [number, number] {
  const [v, u] = [r + y - N / 2, c + x - N / 2];
  let [re, im] = [0, 0];
  for (const row of [Math.floor(v), Math.floor(v) + 1]) {
    for (const column of [Math.floor(u), Math.floor(u) + 1]) {
      const weight = (1 - Math.abs(v - row)) * (1 - Math.abs(u - column));
      const value = objectAt(row, column);
      re += weight * value[0];
      im += weight * value[1];
    }
  }
  return [re, im];
}

/** |sum of O P exp(-2 pi i (ky r + kx c) / N)|^2 / N^2 at detector index (row, column), zero frequency at (N/2, N/2). */
function intensityAt(y: number, x: number, row: number, column: number): number {
  const [ky, kx] = [row - N / 2, column - N / 2];
  let [re, im] = [0, 0];
  for (let r = 0; r < N; r++) {
    for (let c = 0; c < N; c++) {
      const [a, b] = patchAt(y, x, r, c);
      const [p, q] = [probe.data[2 * (r * N + c)]!, probe.data[2 * (r * N + c) + 1]!];
      const [waveRe, waveIm] = [a * p - b * q, a * q + b * p];
      const angle = (-2 * Math.PI * (ky * r + kx * c)) / N;
      re += waveRe * Math.cos(angle) - waveIm * Math.sin(angle);
      im += waveRe * Math.sin(angle) + waveIm * Math.cos(angle);
    }
  }
  return (re * re + im * im) / (N * N);
}

describe.each([
  ["a whole position", 9, 11],
  ["a fractional position", 9.3, 11.85],
  ["the lowest position that stays inside", 4, 4],
  ["the last position before the window leaves the object", 15.999, 18.999],
  ["a window partly outside", 1.25, 21.6],
])("%s", (_, y, x) => {
  test("intensity is the plain DFT of patch times probe", () => {
    const intensity = new Float64Array(N * N);
    model.writeIntensity(y, x, intensity);
    for (let i = 0; i < N * N; i++) {
      expect(intensity[i]!).toBeCloseTo(intensityAt(y, x, Math.floor(i / N), i % N), 12);
    }
  });

  test("the energy is the sum of the intensity", () => {
    const intensity = new Float64Array(N * N);
    model.writeIntensity(y, x, intensity);
    expect(model.measureEnergy(y, x)).toBeCloseTo(
      intensity.reduce((sum, value) => sum + value, 0),
      12,
    );
  });

  test("the patch is the object's by the position convention", () => {
    const patch = new Float32Array(2 * N * N);
    model.writePatch(y, x, patch);
    for (let i = 0; i < N * N; i++) {
      const [re, im] = patchAt(y, x, Math.floor(i / N), i % N);
      expect(patch[2 * i]!).toBeCloseTo(re, 6);
      expect(patch[2 * i + 1]!).toBeCloseTo(im, 6);
    }
  });
});

test("at a whole position pattern index (N/2, N/2) lies on the object pixel of that name", () => {
  const patch = new Float32Array(2 * N * N);
  model.writePatch(9, 11, patch);
  const centre = 2 * ((N / 2) * N + N / 2);
  expect([patch[centre], patch[centre + 1]]).toEqual(objectAt(9, 11));
});

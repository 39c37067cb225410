// Mixing matrices: eigenvectors against the definition and a second method, Gram-Schmidt against the plain procedure.
import { describe, expect, test } from "vitest";
import { orthogonalizingMatrix } from "../../src/engine/orthogonalize.ts";
import { orthogonalizeGramSchmidt, orthogonalizeSvd, sortModes } from "../reference/constraints.ts";
import { innerProduct, type Plane, sumSquares } from "../reference/planes.ts";
import { noise, relativeError } from "../support/closeness.ts";

const PIXELS = 40;

/** `count` overlapping random modes of falling or given energy. */
function makeModes(count: number, seed: number, strength = (m: number) => 0.7 ** m): Plane[] {
  const common = noise(2 * PIXELS, seed);
  return Array.from({ length: count }, (_, m) => {
    const own = noise(2 * PIXELS, seed + 10 + m);
    return Float64Array.from(own, (value, k) => strength(m) * (value + 0.4 * common[k]!));
  });
}

function productsOf(modes: readonly Plane[]): { size: number; values: Float64Array } {
  const values = modes.flatMap((a) => modes.flatMap((b) => innerProduct(a, b)));
  return { size: modes.length, values: Float64Array.from(values) };
}

/** P'_c = sum_a mixing[c, a] P_a. */
function mix(matrix: Float64Array, modes: readonly Plane[]): Plane[] {
  return modes.map((_, c) => {
    const sum = new Float64Array(2 * PIXELS);
    for (const [a, mode] of modes.entries()) {
      const [re, im] = [matrix[2 * (c * modes.length + a)]!, matrix[2 * (c * modes.length + a) + 1]!];
      for (let k = 0; k < sum.length; k += 2) {
        sum[k]! += re * mode[k]! - im * mode[k + 1]!;
        sum[k + 1]! += re * mode[k + 1]! + im * mode[k]!;
      }
    }
    return sum;
  });
}

const total = (modes: readonly Plane[]) => modes.reduce((sum, mode) => sum + sumSquares(mode), 0);

function expectOrthogonal(modes: readonly Plane[], limit = 1e-12): void {
  for (let a = 0; a < modes.length; a++)
    for (let b = 0; b < a; b++)
      expect(Math.hypot(...innerProduct(modes[a]!, modes[b]!)) / total(modes)).toBeLessThan(limit);
}

/** Rows of the matrix are orthonormal, and each row's largest component is real and positive. */
function expectUnitaryWithPhases(matrix: Float64Array, size: number): void {
  for (let c = 0; c < size; c++) {
    const row = Array.from({ length: size }, (_, a) => [matrix[2 * (c * size + a)]!, matrix[2 * (c * size + a) + 1]!]);
    const moduli = row.map(([re, im]) => Math.hypot(re!, im!));
    const largest = moduli.findIndex((modulus) => modulus >= Math.max(...moduli) * (1 - 1e-9));
    expect(row[largest]![0]).toBeGreaterThan(0);
    expect(Math.abs(row[largest]![1]!)).toBeLessThan(1e-9);
    for (let d = 0; d <= c; d++) {
      let [re, im] = [0, 0];
      for (let a = 0; a < size; a++) {
        const [x, y] = [matrix[2 * (d * size + a)]!, matrix[2 * (d * size + a) + 1]!];
        re += row[a]![0]! * x + row[a]![1]! * y;
        im += row[a]![1]! * x - row[a]![0]! * y;
      }
      expect(re).toBeCloseTo(c === d ? 1 : 0, 10);
      expect(im).toBeCloseTo(0, 10);
    }
  }
}

describe("svd", () => {
  for (let size = 1; size <= 8; size++) {
    test(`${size} modes: orthogonal, energies falling, phases by rule, as the second method has them`, () => {
      for (let seed = 1; seed <= 5; seed++) {
        const modes = makeModes(size, 100 * seed);
        const matrix = orthogonalizingMatrix(productsOf(modes), "svd", false);
        expectUnitaryWithPhases(matrix, size);
        const mixed = mix(matrix, modes);
        expectOrthogonal(mixed);
        const energies = mixed.map(sumSquares);
        expect([...energies].sort((a, b) => b - a)).toEqual(energies);
        expect(total(mixed) / total(modes)).toBeCloseTo(1, 12);
        const reference = orthogonalizeSvd(modes);
        for (const [m, mode] of mixed.entries()) expect(relativeError(mode, reference[m]!)).toBeLessThan(1e-6);
      }
    });
  }

  test("sorting first changes nothing but rounding", () => {
    const modes = makeModes(4, 3, (m) => 0.5 + 0.3 * m);
    const plain = mix(orthogonalizingMatrix(productsOf(modes), "svd", false), modes);
    const sorted = mix(orthogonalizingMatrix(productsOf(modes), "svd", true), modes);
    for (const [m, mode] of plain.entries()) expect(relativeError(sorted[m]!, mode)).toBeLessThan(1e-10);
  });

  test("modes that are orthogonal already are only ordered", () => {
    const modes = orthogonalizeGramSchmidt(makeModes(4, 5, (m) => 1 + m));
    const mixed = mix(orthogonalizingMatrix(productsOf(modes), "svd", false), modes);
    for (const [m, mode] of sortModes(modes).entries()) expect(relativeError(mixed[m]!, mode)).toBeLessThan(1e-7);
  });

  const degenerate: [string, () => Plane[]][] = [
    ["equal modes", () => Array.from({ length: 3 }, () => makeModes(1, 7)[0]!)],
    ["orthogonal modes of one energy", () => [0, 1, 2].map((m) => unitAt(m))],
    ["a pair of one energy among others", () => [unitAt(0, 2), unitAt(1), unitAt(2), unitAt(3, 0.5)]],
    ["a mode of zeros", () => [makeModes(2, 8)[0]!, new Float64Array(2 * PIXELS), makeModes(2, 8)[1]!]],
    ["only zeros", () => [0, 1, 2].map(() => new Float64Array(2 * PIXELS))],
    ["energies sixteen orders apart", () => makeModes(3, 9, (m) => 1e-8 ** m)],
    ["nearly equal modes", () => [makeModes(1, 7)[0]!, makeModes(1, 7)[0]!.map((v, k) => v + 1e-9 * k)]],
    ["very strong modes", () => makeModes(4, 10, (m) => 1e15 * 0.8 ** m)],
    ["very weak modes", () => makeModes(4, 10, (m) => 1e-15 * 0.8 ** m)],
  ];
  for (const [name, make] of degenerate) {
    test(`${name}: still a unitary mixing into orthogonal modes`, () => {
      const modes = make();
      const matrix = orthogonalizingMatrix(productsOf(modes), "svd", false);
      expect(matrix.every(Number.isFinite)).toBe(true);
      expectUnitaryWithPhases(matrix, modes.length);
      const mixed = mix(matrix, modes);
      if (total(modes) > 0) expectOrthogonal(mixed);
      const energies = mixed.map(sumSquares);
      for (let m = 1; m < energies.length; m++)
        expect(energies[m]!).toBeLessThanOrEqual(energies[m - 1]! * (1 + 1e-9) + 1e-12 * total(modes));
    });
  }
});

describe("gram-schmidt", () => {
  for (let size = 1; size <= 8; size++) {
    test(`${size} modes as the plain procedure has them`, () => {
      const modes = makeModes(size, 11 + size, (m) => 1 + 0.2 * m);
      const mixed = mix(orthogonalizingMatrix(productsOf(modes), "gram-schmidt", false), modes);
      expectOrthogonal(mixed, 1e-10);
      for (const [m, mode] of orthogonalizeGramSchmidt(modes).entries())
        expect(relativeError(mixed[m]!, mode)).toBeLessThan(1e-10);
      expect(Array.from(mixed[0]!)).toEqual(Array.from(modes[0]!));
    });
  }

  test("sorted by energy first", () => {
    const modes = makeModes(5, 31, (m) => [0.5, 2, 1, 3, 0.1][m]!);
    const mixed = mix(orthogonalizingMatrix(productsOf(modes), "gram-schmidt", true), modes);
    for (const [m, mode] of orthogonalizeGramSchmidt(sortModes(modes)).entries())
      expect(relativeError(mixed[m]!, mode)).toBeLessThan(1e-10);
  });

  test("equal modes and modes of zeros leave zeros, not NaN", () => {
    const [mode] = makeModes(1, 7) as [Plane];
    const equal = mix(orthogonalizingMatrix(productsOf([mode, mode, mode]), "gram-schmidt", false), [mode, mode, mode]);
    expect(sumSquares(equal[1]!) + sumSquares(equal[2]!)).toBe(0);
    const zero = new Float64Array(2 * PIXELS);
    const matrix = orthogonalizingMatrix(productsOf([zero, mode]), "gram-schmidt", false);
    expect(matrix.every(Number.isFinite)).toBe(true);
    expect(relativeError(mix(matrix, [zero, mode])[1]!, mode)).toBeLessThan(1e-12);
  });
});

/** A mode with all its light in one pixel. */
function unitAt(pixel: number, modulus = 1): Plane {
  const mode = new Float64Array(2 * PIXELS);
  mode[2 * pixel] = modulus;
  return mode;
}

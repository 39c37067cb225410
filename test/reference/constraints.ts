// Constraints at the end of an epoch (constraints.md 3.1, 3.2, 3.11), in float64.

import { addScaled, innerProduct, intensityOf, type Plane, sumSquares } from "./planes.ts";

/** Factor that gives the probe the power `target`. */
export function powerFactor(probe: readonly Plane[], target: number): number {
  return Math.sqrt(target / probe.reduce((sum, mode) => sum + sumSquares(mode), 0));
}

/** Modes by falling energy. */
export function sortModes(probe: readonly Plane[]): Plane[] {
  return [...probe].sort((a, b) => sumSquares(b) - sumSquares(a));
}

/** target += (re + i im) source. */
function addComplexScaled(target: Plane, [re, im]: readonly [number, number], source: Plane): void {
  for (let k = 0; k < target.length; k += 2) {
    target[k]! += re * source[k]! - im * source[k + 1]!;
    target[k + 1]! += re * source[k + 1]! + im * source[k]!;
  }
}

/** Classical Gram-Schmidt in the given order: u_i = P_i - sum_{k<i} proj(P_i, u_k). */
export function orthogonalizeGramSchmidt(probe: readonly Plane[]): Plane[] {
  const done: Plane[] = [];
  for (const mode of probe) {
    const next = mode.slice();
    for (const earlier of done) {
      const [re, im] = innerProduct(mode, earlier);
      const energy = sumSquares(earlier) || 1e-5;
      addComplexScaled(next, [-re / energy, -im / energy], earlier);
    }
    done.push(next);
  }
  return done;
}

/** Eigenvectors of K_ab = <P_a, P_b> by falling eigenvalue, largest component real and positive, as new modes. */
export function orthogonalizeSvd(probe: readonly Plane[]): Plane[] {
  const products = probe.map((a) => probe.map((b) => innerProduct(a, b)));
  return findEigenvectors(products).map((vector) => {
    const mode = new Float64Array(probe[0]!.length);
    for (const [a, [re, im]] of vector.entries()) addComplexScaled(mode, [re, -im], probe[a]!);
    return mode;
  });
}

type Vector = [number, number][];

/**
 * Eigenvectors of a Hermitian matrix by falling |eigenvalue|: orthogonal iteration, far slower than Jacobi rotations and
 * sharing nothing with them. Needs eigenvalues that differ.
 */
export function findEigenvectors(matrix: readonly (readonly (readonly [number, number])[])[]): Vector[] {
  const size = matrix.length;
  let basis: Vector[] = matrix.map((_, c) => matrix.map((_, a) => [a === c ? 1 : 0.1 / (1 + a + c), 0.01 * (a - c)]));
  for (let round = 0; round < 400; round++) {
    const next: Vector[] = [];
    for (const vector of basis) {
      const image: Vector = matrix.map((row) => {
        const sum: [number, number] = [0, 0];
        for (let b = 0; b < size; b++) {
          sum[0] += row[b]![0] * vector[b]![0] - row[b]![1] * vector[b]![1];
          sum[1] += row[b]![0] * vector[b]![1] + row[b]![1] * vector[b]![0];
        }
        return sum;
      });
      for (const earlier of [...next, ...next]) removeProjection(image, earlier);
      const norm = Math.sqrt(image.reduce((sum, [re, im]) => sum + re * re + im * im, 0));
      next.push(image.map(([re, im]) => [re / norm, im / norm]));
    }
    basis = next;
  }
  return basis.map((vector) => {
    const moduli = vector.map(([re, im]) => Math.hypot(re, im));
    const modulus = Math.max(...moduli);
    const [re0, im0] = vector[moduli.indexOf(modulus)]!;
    const [cosine, sine] = [re0 / modulus, im0 / modulus];
    return vector.map(([re, im]) => [re * cosine + im * sine, im * cosine - re * sine]);
  });
}

/** vector -= <vector, unit> unit. */
function removeProjection(vector: Vector, unit: Vector): void {
  let re = 0;
  let im = 0;
  for (const [a, [x, y]] of vector.entries()) {
    re += x * unit[a]![0] + y * unit[a]![1];
    im += y * unit[a]![0] - x * unit[a]![1];
  }
  for (const [a, pair] of vector.entries()) {
    pair[0] -= re * unit[a]![0] - im * unit[a]![1];
    pair[1] -= re * unit[a]![1] + im * unit[a]![0];
  }
}

/** nu = sqrt(<|O|^2 w>) over the region's pixels, w = C / rms(C); 1 where the region is empty. */
export function ambiguityNorm(object: Plane, illumination: Float64Array, region: readonly number[]): number {
  if (region.length === 0) return 1;
  const mean = (pick: (pixel: number) => number) => region.reduce((sum, pixel) => sum + pick(pixel), 0) / region.length;
  const intensity = intensityOf(object);
  const rms = Math.sqrt(mean((pixel) => illumination[pixel]! ** 2));
  return Math.sqrt(mean((pixel) => (intensity[pixel]! * illumination[pixel]!) / rms));
}

/** Every plane times a factor, in place. */
export function scalePlanes(planes: readonly Plane[], factor: number): void {
  for (const plane of planes) addScaled(plane, factor - 1, plane.slice());
}

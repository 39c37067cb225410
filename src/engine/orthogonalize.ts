// Mixing matrices that make probe modes orthogonal (constraints.md 3.2), in float64 from their inner products.

/** Hermitian matrix of inner products K[a, b] = sum P_a conj(P_b), row-major (re, im) pairs. */
export interface HermitianMatrix {
  readonly size: number;
  readonly values: Float64Array;
}

/**
 * New modes as combinations of the old, row-major (re, im): P'_c = sum_a mixing[c, a] P_a.
 * "svd": eigenvectors of K by falling |eigenvalue|, largest component real and positive (pty-chi orthogonalize_svd);
 * "gram-schmidt": classical, in the given order. `sortByOccupancy` orders the modes by energy first.
 */
export function orthogonalizingMatrix(
  products: HermitianMatrix,
  method: "svd" | "gram-schmidt",
  sortByOccupancy: boolean,
): Float64Array {
  const order = Array.from({ length: products.size }, (_, mode) => mode);
  const energy = (mode: number) => products.values[2 * (mode * products.size + mode)]!;
  if (sortByOccupancy) order.sort((a, b) => energy(b) - energy(a) || a - b);
  const sorted = permute(products, order);
  const mixing = method === "svd" ? eigenvectorMixing(sorted) : gramSchmidtMixing(sorted);
  // columns refer to the sorted modes; give them back their old places
  const result = new Float64Array(mixing.length);
  const { size } = products;
  for (let c = 0; c < size; c++) {
    for (let a = 0; a < size; a++) {
      result[2 * (c * size + order[a]!)] = mixing[2 * (c * size + a)]!;
      result[2 * (c * size + order[a]!) + 1] = mixing[2 * (c * size + a) + 1]!;
    }
  }
  return result;
}

function permute(matrix: HermitianMatrix, order: readonly number[]): HermitianMatrix {
  const { size, values } = matrix;
  const result = new Float64Array(values.length);
  for (let a = 0; a < size; a++) {
    for (let b = 0; b < size; b++) {
      result[2 * (a * size + b)] = values[2 * (order[a]! * size + order[b]!)]!;
      result[2 * (a * size + b) + 1] = values[2 * (order[a]! * size + order[b]!) + 1]!;
    }
  }
  return { size, values: result };
}

function eigenvectorMixing(matrix: HermitianMatrix): Float64Array {
  const { size } = matrix;
  const { eigenvalues, vectors } = diagonalize(matrix);
  const order = Array.from({ length: size }, (_, index) => index).sort(
    (a, b) => Math.abs(eigenvalues[b]!) - Math.abs(eigenvalues[a]!) || a - b,
  );
  const mixing = new Float64Array(2 * size * size);
  for (const [c, column] of order.entries()) {
    let largest = 0;
    let phaseRe = 1;
    let phaseIm = 0;
    for (let a = 0; a < size; a++) {
      const re = vectors[2 * (a * size + column)]!;
      const im = vectors[2 * (a * size + column) + 1]!;
      const modulus = Math.hypot(re, im);
      // equal moduli differ by rounding only: the first one counts, as in the sequential search of LAPACK
      if (modulus > largest * (1 + 1e-12)) {
        largest = modulus;
        phaseRe = re / modulus;
        phaseIm = im / modulus;
      }
    }
    for (let a = 0; a < size; a++) {
      const re = vectors[2 * (a * size + column)]!;
      const im = vectors[2 * (a * size + column) + 1]!;
      // conj(v conj(phase))
      mixing[2 * (c * size + a)] = re * phaseRe + im * phaseIm;
      mixing[2 * (c * size + a) + 1] = -(im * phaseRe - re * phaseIm);
    }
  }
  return mixing;
}

/** Cyclic complex Jacobi rotations; eigenvectors are the columns of `vectors`. */
function diagonalize(matrix: HermitianMatrix): { eigenvalues: Float64Array; vectors: Float64Array } {
  const { size } = matrix;
  const a = matrix.values.slice();
  const v = new Float64Array(2 * size * size);
  for (let index = 0; index < size; index++) v[2 * (index * size + index)] = 1;
  const at = (row: number, column: number) => 2 * (row * size + column);
  for (let sweep = 0; sweep < 60; sweep++) {
    let offDiagonal = 0;
    let diagonal = 0;
    for (let p = 0; p < size; p++) {
      diagonal += a[at(p, p)]! ** 2;
      for (let q = p + 1; q < size; q++) offDiagonal += a[at(p, q)]! ** 2 + a[at(p, q) + 1]! ** 2;
    }
    if (offDiagonal <= 1e-32 * diagonal) break;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, v, size, p, q);
  }
  return { eigenvalues: Float64Array.from({ length: size }, (_, index) => a[at(index, index)]!), vectors: v };
}

/** Zeroes element (p, q) of the Hermitian matrix `a` by a unitary rotation, collected in `v`. */
function rotate(a: Float64Array, v: Float64Array, size: number, p: number, q: number): void {
  const at = (row: number, column: number) => 2 * (row * size + column);
  const re = a[at(p, q)]!;
  const im = a[at(p, q) + 1]!;
  const modulus = Math.hypot(re, im);
  if (modulus === 0) return;
  const theta = (a[at(q, q)]! - a[at(p, p)]!) / (2 * modulus);
  const tangent = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  const phaseRe = re / modulus;
  const phaseIm = im / modulus;
  // columns: x_p' = c x_p - s conj(phase) x_q, x_q' = s phase x_p + c x_q
  const mixColumns = (m: Float64Array) => {
    for (let row = 0; row < size; row++) {
      const i = at(row, p);
      const j = at(row, q);
      const [pr, pi, qr, qi] = [m[i]!, m[i + 1]!, m[j]!, m[j + 1]!];
      m[i] = cosine * pr - sine * (phaseRe * qr + phaseIm * qi);
      m[i + 1] = cosine * pi - sine * (phaseRe * qi - phaseIm * qr);
      m[j] = sine * (phaseRe * pr - phaseIm * pi) + cosine * qr;
      m[j + 1] = sine * (phaseRe * pi + phaseIm * pr) + cosine * qi;
    }
  };
  mixColumns(a);
  mixColumns(v);
  for (let column = 0; column < size; column++) {
    const i = at(p, column);
    const j = at(q, column);
    const [pr, pi, qr, qi] = [a[i]!, a[i + 1]!, a[j]!, a[j + 1]!];
    a[i] = cosine * pr - sine * (phaseRe * qr - phaseIm * qi);
    a[i + 1] = cosine * pi - sine * (phaseRe * qi + phaseIm * qr);
    a[j] = sine * (phaseRe * pr + phaseIm * pi) + cosine * qr;
    a[j + 1] = sine * (phaseRe * pi - phaseIm * pr) + cosine * qi;
  }
}

/** u_i = P_i - sum_{k<i} <P_i, u_k> / <u_k, u_k> u_k, written as rows of coefficients of the P_a. */
function gramSchmidtMixing(matrix: HermitianMatrix): Float64Array {
  const { size, values } = matrix;
  const rows = new Float64Array(2 * size * size);
  const at = (row: number, column: number) => 2 * (row * size + column);
  for (let i = 0; i < size; i++) {
    rows[at(i, i)] = 1;
    for (let k = 0; k < i; k++) {
      let norm = 0;
      let re = 0;
      let im = 0;
      for (let a = 0; a < size; a++) {
        const [kr, ki] = [rows[at(k, a)]!, rows[at(k, a) + 1]!];
        // <P_i, u_k> = sum_a conj(T_ka) K_ia
        re += kr * values[at(i, a)]! + ki * values[at(i, a) + 1]!;
        im += kr * values[at(i, a) + 1]! - ki * values[at(i, a)]!;
        for (let b = 0; b < size; b++) {
          const [br, bi] = [rows[at(k, b)]!, rows[at(k, b) + 1]!];
          // real part of T_ka conj(T_kb) K_ab
          const productRe = kr * br + ki * bi;
          const productIm = ki * br - kr * bi;
          norm += productRe * values[at(a, b)]! - productIm * values[at(a, b) + 1]!;
        }
      }
      const divisor = norm === 0 ? 1e-5 : norm; // proj() of conventions.md section 7
      for (let a = 0; a < size; a++) {
        const [kr, ki] = [rows[at(k, a)]!, rows[at(k, a) + 1]!];
        rows[at(i, a)]! -= (re * kr - im * ki) / divisor;
        rows[at(i, a) + 1]! -= (re * ki + im * kr) / divisor;
      }
    }
  }
  return rows;
}

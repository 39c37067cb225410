// Step sizes of a minibatch (lsqml.md step 10) and the mean that is applied (conventions.md section 7).

import { innerProduct, multiplyPlanes, type Plane, sumSquares } from "./planes.ts";

/** What the sums of one pattern are made of; [mode] planes of the modes that enter. */
export interface StepInput {
  readonly chi: readonly Plane[];
  readonly probe: readonly Plane[];
  /** Patch of the object. */
  readonly object: Plane;
  /** Patch of the preconditioned object direction. */
  readonly objectDirection: Plane;
  readonly probeDirection: readonly Plane[];
}

interface Sums {
  readonly xx: number;
  readonly zz: number;
  /** sum X conj(Z). */
  readonly xz: readonly [number, number];
  readonly xChi: number;
  readonly zChi: number;
}

function sumPattern(input: StepInput): Sums {
  const total = { xx: 0, zz: 0, xz: [0, 0] as [number, number], xChi: 0, zChi: 0 };
  for (const [m, chi] of input.chi.entries()) {
    const x = multiplyPlanes(input.objectDirection, input.probe[m]!);
    const z = multiplyPlanes(input.probeDirection[m]!, input.object);
    const [re, im] = innerProduct(x, z);
    total.xx += sumSquares(x);
    total.zz += sumSquares(z);
    total.xz[0] += re;
    total.xz[1] += im;
    total.xChi += innerProduct(chi, x)[0];
    total.zChi += innerProduct(chi, z)[0];
  }
  return total;
}

/** (object, probe) steps of a minibatch before the scalers: joint (Eq. 22) or separate (Eqs. 23a, b). */
export function solveSteps(inputs: readonly StepInput[], jointly: boolean): { object: number[]; probe: number[] } {
  const sums = inputs.map(sumPattern);
  if (!jointly) {
    return {
      object: sums.map(({ xChi, xx }) => Math.max(0, (0.5 * xChi) / xx)),
      probe: sums.map(({ zChi, zz }) => Math.max(0, (0.5 * zChi) / zz)),
    };
  }
  const modes = inputs[0]!.chi.length;
  const a11 = sums.map(({ xx }) => xx + 1.2e-7 * modes);
  const a22 = sums.map(({ zz }) => zz + 1.2e-7 * modes);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mean11, mean22] = [mean(a11), mean(a22)];
  const solved = sums.map(({ xz, xChi, zChi }, j) =>
    solveJointly(a11[j]! + 0.1 * mean11, a22[j]! + 0.1 * mean22, xz, xChi, zChi),
  );
  return { object: solved.map((pair) => pair[0]), probe: solved.map((pair) => pair[1]) };
}

/** Real part of the solution of the 2 x 2 system, cut off at zero. */
export function solveJointly(
  a11: number,
  a22: number,
  [re, im]: readonly [number, number],
  b1: number,
  b2: number,
): [number, number] {
  const determinant = a11 * a22 - (re * re + im * im);
  return [Math.max(0, (a22 * b1 - re * b2) / determinant), Math.max(0, (a11 * b2 - re * b1) / determinant)];
}

/** tmean: NaN dropped, 5 % cut at each end with halves rounded down, mean of the rest. */
export function trimmedMean(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const cut = Math.floor((sorted.length + 9) / 20);
  const rest = sorted.slice(cut, sorted.length - cut);
  return rest.reduce((sum, value) => sum + value, 0) / rest.length;
}

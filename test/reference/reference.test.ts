// The float64 reference is itself held against pty-chi's trajectories and the numbers worked out in the specification.
import { join } from "node:path";
import { expect, test } from "vitest";
import { readGoldenCase } from "../../bench/golden-case.ts";
import { makeSelfTestProblem, SELF_TEST_LOSSES } from "../../src/engine/self-test.ts";
import { findEigenvectors } from "./constraints.ts";
import { runReference } from "./lsqml.ts";
import { placeAll } from "./placement.ts";
import { shiftPlane } from "./planes.ts";
import { solveJointly, trimmedMean } from "./step-sizes.ts";

const folder = `${join(import.meta.dirname, "../../fixtures/golden")}/`;

/** Cases and how many epochs of them; Poisson runs amplify pty-chi's float32 rounding later on (gpu-notes.md 6.3). */
const cases: [string, number][] = [
  ["lsqml-gaussian", 3],
  ["lsqml-half-positions", 2],
  ["lsqml-mask", 2],
  ["lsqml-exclude-below", 2],
  ["lsqml-separate-steps", 2],
  ["lsqml-mixed3", 2],
  ["lsqml-mixed3-allmodes", 2],
  ["lsqml-rect", 2],
  ["lsqml-optimplan", 5],
  ["lsqml-poisson", 3],
  ["lsqml-study", 3],
];

for (const [name, epochs] of cases) {
  test(`${name}: pty-chi's numbers to float32 rounding`, async () => {
    const golden = await readGoldenCase(`${folder}${name}.npz`);
    if ("notYet" in golden) throw new Error(`not yet: ${golden.notYet.join(", ")}`);
    const errors: number[] = [];
    await runReference(golden.problem, epochs, (epoch, run) => {
      errors.push(Math.abs(run.loss[epoch]! / golden.loss[epoch]! - 1));
      const checkpoint = golden.checkpoints.find((found) => found.epochs === epoch + 1);
      if (!checkpoint) return;
      errors.push(weightedError(run.object, checkpoint.object.data, golden.illumination));
      errors.push(weightedError(joinModes(run.probe), checkpoint.probe.data, null));
    });
    expect(errors.length).toBeGreaterThan(5);
    for (const error of errors) expect(error).toBeLessThan(1e-6);
  });
}

test("the losses that the adapters' self-test expects", async () => {
  const { loss } = await runReference(makeSelfTestProblem(), SELF_TEST_LOSSES.length);
  for (const [epoch, expected] of SELF_TEST_LOSSES.entries()) expect(loss[epoch]! / expected).toBeCloseTo(1, 6);
});

test("the joint step of the specification", () => {
  const [object, probe] = solveJointly(2, 3, [0.5, 0.25], 1, 0.6);
  expect(object).toBeCloseTo(0.474725, 6);
  expect(probe).toBeCloseTo(0.123077, 6);
});

test("the trimmed means of the specification", () => {
  expect(trimmedMean([10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9])).toBe(5);
  expect(trimmedMean(Array.from({ length: 14 }, (_, k) => k + 1))).toBe(7.5);
  expect(trimmedMean([0, 0, 0, 5])).toBe(1.25);
  expect(trimmedMean([1, 2, Number.NaN, 3])).toBe(2);
});

test("the sub-pixel shift of the specification", () => {
  const delta = new Float64Array(2 * 64);
  delta[2 * (3 * 8 + 3)] = 1;
  const whole = shiftPlane(delta, [8, 8], [1, 0]);
  expect(whole[2 * (4 * 8 + 3)]).toBeCloseTo(1, 12);
  const half = shiftPlane(delta, [8, 8], [0.5, 0]);
  expect(half[2 * (3 * 8 + 3)]).toBeCloseTo(0.628417, 6);
  expect(half[2 * (4 * 8 + 3)]).toBeCloseTo(0.628417, 6);
  expect(half[2 * (3 * 8 + 3) + 1]).toBeCloseTo(-half[2 * (4 * 8 + 3) + 1]!, 12);
  expect(Math.abs(half[2 * (3 * 8 + 3) + 1]!)).toBeCloseTo(0.125, 12);
});

test("the starts of the specification", () => {
  const positions = [0.5, 1.5, 2.5, -0.5, -1.5, 3.2, -3.2];
  const starts = (origin: number, height: number, values: number[]) =>
    values.map((p) => placeAll([p, 0], [origin, 0], [height, height])[0]!.start[0]);
  expect(starts(49.5, 32, positions)).toEqual([34, 36, 36, 34, 32, 37, 31]);
  expect(starts(51.5, 32, positions)).toEqual([36, 38, 38, 36, 34, 39, 33]);
  expect(starts(49.5, 33, [0, 1, 2, 3, -1, -2, -3])).toEqual([34, 34, 36, 36, 32, 32, 30]);
});

test("eigenvectors solve K v = lambda v, largest component real and positive", () => {
  const matrix: [number, number][][] = [
    [
      [4, 0],
      [1, 1],
      [0, -0.5],
    ],
    [
      [1, -1],
      [2, 0],
      [0.25, 0],
    ],
    [
      [0, 0.5],
      [0.25, 0],
      [1, 0],
    ],
  ];
  const eigenvalues = findEigenvectors(matrix).map((vector) => {
    const image = matrix.map((row) =>
      row.reduce(
        (sum, [re, im], b) => {
          const [x, y] = vector[b]!;
          return [sum[0]! + re * x - im * y, sum[1]! + re * y + im * x];
        },
        [0, 0],
      ),
    );
    const moduli = vector.map(([re, im]) => Math.hypot(re, im));
    const largest = moduli.indexOf(Math.max(...moduli));
    expect(vector[largest]![1]).toBeCloseTo(0, 12);
    expect(vector[largest]![0]).toBeGreaterThan(0);
    const eigenvalue = image[largest]![0]! / vector[largest]![0];
    for (const [a, [re, im]] of image.entries()) {
      expect(re).toBeCloseTo(eigenvalue * vector[a]![0], 10);
      expect(im).toBeCloseTo(eigenvalue * vector[a]![1], 10);
    }
    return eigenvalue;
  });
  expect([...eigenvalues].sort((a, b) => b - a)).toEqual(eigenvalues);
  expect(eigenvalues.reduce((sum, value) => sum + value, 0)).toBeCloseTo(7, 10);
});

function joinModes(probe: readonly Float64Array[]): Float64Array {
  return Float64Array.from(probe.flatMap((mode) => Array.from(mode)));
}

function weightedError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  weights: ArrayLike<number> | null,
): number {
  let difference = 0;
  let total = 0;
  for (let k = 0; k < expected.length; k++) {
    const weight = weights ? weights[Math.floor(k / 2)]! : 1;
    difference += weight * (actual[k]! - expected[k]!) ** 2;
    total += weight * expected[k]! ** 2;
  }
  return Math.sqrt(difference / total);
}

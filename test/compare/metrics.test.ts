import { describe, expect, test } from "vitest";
import { findFirstBelow, measureFrc, measureStudyFrc } from "../../src/compare/frc.ts";
import { type Component, measureImages } from "../../src/compare/measure-images.ts";
import {
  halveByMeans,
  mapImage,
  type RealImage,
  smoothGaussian,
  takeEverySecond,
} from "../../src/compare/real-image.ts";
import { measureSsim, measureStandardMsSsim, measureStudyMsSsim } from "../../src/compare/ssim.ts";
import { createGenerator } from "../../src/schedule/random.ts";
import { expectCurve, expectFigures } from "./expect-figures.ts";
import { expectedFigures, readImage } from "./fixtures.ts";

const largeTruth = await readImage("images.npz", "large_truth", 1 / 255);
const largeFound = await readImage("images.npz", "large_found", 1 / 255);
const smallTruth = await readImage("images.npz", "small_truth");
const smallFound = await readImage("images.npz", "small_found");
const smallOpposite = await readImage("images.npz", "small_opposite");
const plain = { mask: null, msSsimSigmaPx: 1 };

function noise(heightPx: number, widthPx: number, seed: number): RealImage {
  const generator = createGenerator(seed, 907);
  return { heightPx, widthPx, values: Float64Array.from({ length: heightPx * widthPx }, () => generator.nextUnit()) };
}

describe("figures of scikit-image, SciPy and NumPy", () => {
  test.each([
    ["large", "amplitude", largeTruth, largeFound],
    ["small", "phase", smallTruth, smallFound],
    ["opposite", "phase", smallTruth, smallOpposite],
  ] as [string, Component, RealImage, RealImage][])("pair %s as %s", (name, component, truth, found) => {
    const expected = expectedFigures.pairs[name]!;
    expectFigures(measureImages(truth, found, component, plain), expected);
    expectCurve(measureStudyFrc(truth, found), expected.study_frc);
  });
});

describe("limits", () => {
  test("an image is like itself", () => {
    const same = measureImages(largeTruth, largeTruth, "amplitude", plain);
    expect(same.mae).toBe(0);
    expect(same.psnr).toBe(Number.POSITIVE_INFINITY);
    for (const value of [same.ssim, same.msSsim, same.msSsimStandard]) expect(value).toBeCloseTo(1, 12);
    expect(same.frc50).toBeNull();
    expect(same.frc.halfBit).toEqual({ state: "never", cyclesPerPx: null, resolutionPx: null });
    for (const value of same.frc.correlation) expect(value).toBeCloseTo(1, 12);
  });

  test("unlike noise has no resolution, blurred noise that of the blur", () => {
    const [one, other] = [noise(64, 64, 1), noise(64, 64, 2)];
    expect(measureFrc(one, other).oneSeventh.cyclesPerPx ?? 0).toBeLessThan(0.1);
    const mixed = smoothGaussian(one, 3).values.map((value, i) => value + 0.05 * (other.values[i]! - 0.5));
    const { halfBit } = measureFrc(one, { ...one, values: mixed });
    // exp(-2 pi^2 sigma^2 f^2) of the noise's spectrum is left: at f = 0.13 a twentieth, as much as was added.
    expect(halfBit.cyclesPerPx).toBeGreaterThan(0.1);
    expect(halfBit.cyclesPerPx).toBeLessThan(0.16);
    expect(halfBit.resolutionPx).toBeCloseTo(1 / halfBit.cyclesPerPx!, 12);
  });

  test("a negative similarity at a scale counts as 1e-4 in the study's product, not as a power of it", () => {
    const { value, levels } = measureStudyMsSsim(smallTruth, smallOpposite);
    expect(levels).toBe(3);
    expect(value).toBeCloseTo(1e-4 ** (0.0448 + 0.2856 + 0.3001), 12);
    expect(measureStandardMsSsim(smallTruth, smallOpposite, 4).value).toBe(0);
  });

  test("a constant truth has no data range and no ring power", () => {
    const flat = mapImage(smallTruth, () => 1);
    const metrics = measureImages(flat, smallFound, "amplitude", plain);
    expect(metrics).toMatchObject({ psnr: null, ssim: null, msSsimStandard: null, psnrPeak: 0 });
    expect(metrics.frc.halfBit.state).toBe("undefined");
    expect(metrics.mae).toBeGreaterThan(0);
  });

  test("images smaller than a window", () => {
    const [a, b] = [noise(6, 40, 3), noise(6, 40, 4)];
    expect(measureSsim(a, b, 1)).toBeNull();
    expect(measureStudyMsSsim(a, b)).toEqual({ value: null, levels: 0 });
    expect(measureStandardMsSsim(noise(10, 40, 3), noise(10, 40, 4), 1)).toEqual({ value: null, levels: 0 });
    expect(measureStudyMsSsim(noise(7, 7, 3), noise(7, 7, 4)).levels).toBe(1);
  });

  test("pixel by pixel errors keep to the mask", () => {
    const mask = new Uint8Array(smallTruth.values.length);
    mask[5] = 1;
    mask[77] = 1;
    const differences = [5, 77].map((i) => Math.abs(smallTruth.values[i]! - smallFound.values[i]!));
    const { mae, mse, ssim } = measureImages(smallTruth, smallFound, "phase", { ...plain, mask });
    expect(mae).toBeCloseTo((differences[0]! + differences[1]!) / 2, 12);
    expect(mse).toBeCloseTo((differences[0]! ** 2 + differences[1]! ** 2) / 2, 12);
    expect(ssim).toBe(measureImages(smallTruth, smallFound, "phase", plain).ssim);
  });

  test("findFirstBelow counts from 0 and passes over undefined rings", () => {
    expect(findFirstBelow(Float64Array.of(Number.NaN, 0.9, 0.4, 0.1), 0.5)).toBe(2);
    expect(findFirstBelow(Float64Array.of(0.9, 0.8), 0.5)).toBeNull();
  });
});

test("scales: every second pixel keeps the first, means drop an odd rest", () => {
  const image = { heightPx: 3, widthPx: 5, values: Float64Array.from({ length: 15 }, (_, i) => i) };
  expect(Array.from(takeEverySecond(image).values)).toEqual([0, 2, 4, 10, 12, 14]);
  expect(Array.from(halveByMeans(image).values)).toEqual([3, 5]);
});

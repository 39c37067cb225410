import { describe, expect, test } from "vitest";
import { createGenerator } from "../../src/schedule/random.ts";
import { type ComplexImage, createComplexImage, frequencyAt, planFft2d } from "../../src/simulate/fft.ts";

function randomImage(heightPx: number, widthPx: number): ComplexImage {
  const generator = createGenerator(5, 900, heightPx * 100 + widthPx);
  const image = createComplexImage(heightPx, widthPx);
  for (let i = 0; i < image.re.length; i++) {
    image.re[i] = generator.nextUnit() - 0.5;
    image.im[i] = generator.nextUnit() - 0.5;
  }
  return image;
}

/** The definition: sum a exp(-2 pi i (ky / h + lx / w)). */
function naiveDft({ heightPx, widthPx, re, im }: ComplexImage): ComplexImage {
  const result = createComplexImage(heightPx, widthPx);
  for (let k = 0; k < heightPx; k++) {
    for (let l = 0; l < widthPx; l++) {
      for (let y = 0; y < heightPx; y++) {
        for (let x = 0; x < widthPx; x++) {
          const angle = -2 * Math.PI * ((k * y) / heightPx + (l * x) / widthPx);
          const a = re[y * widthPx + x]!;
          const b = im[y * widthPx + x]!;
          result.re[k * widthPx + l]! += a * Math.cos(angle) - b * Math.sin(angle);
          result.im[k * widthPx + l]! += a * Math.sin(angle) + b * Math.cos(angle);
        }
      }
    }
  }
  return result;
}

function largestDifference(a: ComplexImage, b: ComplexImage): number {
  let largest = 0;
  for (let i = 0; i < a.re.length; i++) {
    largest = Math.max(largest, Math.abs(a.re[i]! - b.re[i]!), Math.abs(a.im[i]! - b.im[i]!));
  }
  return largest;
}

describe("planFft2d", () => {
  test.each([
    [1, 1],
    [8, 8],
    [12, 10],
    [9, 25],
    [7, 16],
    [30, 1],
    [2, 18],
  ])("%i x %i equals the sum it stands for", (heightPx, widthPx) => {
    const image = randomImage(heightPx, widthPx);
    const expected = naiveDft(image);
    planFft2d(heightPx, widthPx).forward(image);
    expect(largestDifference(image, expected)).toBeLessThan(1e-12);
  });

  test.each([
    [64, 64],
    [48, 60],
    [81, 33],
  ])("%i x %i: the inverse undoes the forward transform", (heightPx, widthPx) => {
    const image = randomImage(heightPx, widthPx);
    const original = randomImage(heightPx, widthPx);
    const fft = planFft2d(heightPx, widthPx);
    fft.forward(image);
    expect(largestDifference(image, original)).toBeGreaterThan(1);
    fft.inverse(image);
    expect(largestDifference(image, original)).toBeLessThan(1e-14);
  });

  test("frequencies wrap at Nyquist, which is -0.5 for even lengths", () => {
    expect([0, 1, 2, 3].map((k) => frequencyAt(k, 4))).toEqual([0, 0.25, -0.5, -0.25]);
    expect([0, 1, 2, 3, 4].map((k) => frequencyAt(k, 5))).toEqual([0, 0.2, 0.4, -0.4, -0.2]);
  });
});

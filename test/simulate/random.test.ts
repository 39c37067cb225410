import { describe, expect, test } from "vitest";
import { createGenerator } from "../../src/schedule/random.ts";
import { cosSinOfTurns, exponential, naturalLogarithm } from "../../src/simulate/elementary.ts";
import { drawPoisson, drawUniform } from "../../src/simulate/random.ts";

describe("elementary functions", () => {
  test("cosSinOfTurns agrees with Math to rounding, and is exact at quarter turns", () => {
    for (let i = -500; i <= 500; i++) {
      const turns = i / 333;
      const [cosine, sine] = cosSinOfTurns(turns);
      expect(Math.abs(cosine - Math.cos(2 * Math.PI * turns))).toBeLessThan(3e-15);
      expect(Math.abs(sine - Math.sin(2 * Math.PI * turns))).toBeLessThan(3e-15);
    }
    expect([0, 0.25, 0.5, 0.75, 1e6 + 0.25].map((turns) => cosSinOfTurns(turns).map((v) => v + 0))).toEqual([
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
      [0, 1],
    ]);
  });

  test("exponential and naturalLogarithm agree with Math over their range", () => {
    for (let i = -1400; i <= 1400; i++) {
      const x = i / 2;
      expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(1e-15);
      const y = Math.exp(x / 2);
      expect(Math.abs(naturalLogarithm(y) - Math.log(y))).toBeLessThan(1e-15 * Math.max(1, Math.abs(Math.log(y))));
    }
    expect([exponential(-800), exponential(800)]).toEqual([0, Number.POSITIVE_INFINITY]);
    expect(naturalLogarithm(1)).toBe(0);
  });
});

describe("draws", () => {
  test("uniform draws lie in [0, 1) and have 53 bits", () => {
    const generator = createGenerator(3, 900);
    let fine = 0;
    const drawn = momentsOf(200_000, () => {
      const value = drawUniform(generator);
      if (value < 0 || value >= 1) throw new RangeError(`${value}`);
      if ((value * 2 ** 32) % 1 !== 0) fine++;
      return value;
    });
    expect(Math.abs(drawn.mean - 0.5)).toBeLessThan(0.003);
    expect(drawn.variance).toBeCloseTo(1 / 12, 3);
    expect(fine).toBeGreaterThan(199_000);
  });

  test.each([0, 0.01, 0.25, 3, 9.99, 10, 24, 400, 1e6])("Poisson draws of mean %d", (mean) => {
    const generator = createGenerator(11, 900, Math.round(mean * 100));
    const count = 100_000;
    const drawn = momentsOf(count, () => drawPoisson(generator, mean));
    const error = Math.sqrt(mean / count);
    expect(Math.abs(drawn.mean - mean)).toBeLessThanOrEqual(4 * error);
    // Variance of the sample variance of a Poisson variable: (mean + 2 mean^2) / count.
    expect(Math.abs(drawn.variance - mean)).toBeLessThanOrEqual(4 * Math.sqrt((mean + 2 * mean * mean) / count));
  });

  test.each([4, 12.5])("Poisson draws of mean %d have the right probability for every count (chi squared)", (mean) => {
    const generator = createGenerator(12, 900);
    const count = 200_000;
    const observed = new Float64Array(64);
    for (let i = 0; i < count; i++) observed[drawPoisson(generator, mean)]!++;
    let chiSquared = 0;
    let bins = 0;
    for (let k = 0, probability = Math.exp(-mean); k < 64; k++, probability *= mean / k) {
      const expected = count * probability;
      if (expected < 20) continue;
      chiSquared += (observed[k]! - expected) ** 2 / expected;
      bins++;
    }
    expect(chiSquared).toBeLessThan(bins + 4 * Math.sqrt(2 * bins));
  });
});

function momentsOf(count: number, draw: () => number): { mean: number; variance: number } {
  let sum = 0;
  let squares = 0;
  let origin: number | null = null;
  for (let i = 0; i < count; i++) {
    const value = draw();
    origin ??= value;
    sum += value - origin;
    squares += (value - origin) ** 2;
  }
  const shifted = sum / count;
  return { mean: shifted + origin!, variance: squares / count - shifted * shifted };
}

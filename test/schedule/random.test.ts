// PCG32 against its published numbers and against 64-bit integer arithmetic; streams, bounds, permutations.
import { describe, expect, it } from "vitest";
import { createGenerator, createPcg32, permuteIndices, streamPurpose } from "../../src/schedule/random.ts";

/** The generator as its paper writes it, in BigInt. */
function referencePcg32(initialState: bigint, sequence: bigint): () => number {
  const mask = (1n << 64n) - 1n;
  const increment = ((sequence << 1n) | 1n) & mask;
  let state = 0n;
  const step = () => {
    state = (state * 6364136223846793005n + increment) & mask;
  };
  step();
  state = (state + initialState) & mask;
  step();
  return () => {
    const old = state;
    step();
    const shifted = Number(BigInt.asUintN(32, ((old >> 18n) ^ old) >> 27n));
    const rotation = Number(old >> 59n);
    return ((shifted >>> rotation) | (shifted << (-rotation & 31))) >>> 0;
  };
}

describe("PCG32", () => {
  it("gives the numbers of the published demo (seed 42, sequence 54)", () => {
    const generator = createPcg32([0, 42], [0, 54]);
    const numbers = Array.from({ length: 6 }, () => generator.nextUint32());
    expect(numbers).toEqual([0xa15c02b7, 0x7b47f409, 0xba1d3330, 0x83d2f293, 0xbfa4784b, 0xcbed606e]);
  });

  it("equals 64-bit arithmetic for states and sequences with all words in use", () => {
    const words: [number, number, number, number][] = [
      [0, 0, 0, 0],
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0x12345678, 0x9abcdef0, 0x80000001, 0x80000000],
      [0x80000000, 1, 0x7fffffff, 0xdeadbeef],
    ];
    for (const [stateHigh, stateLow, sequenceHigh, sequenceLow] of words) {
      const reference = referencePcg32(
        (BigInt(stateHigh) << 32n) | BigInt(stateLow),
        (BigInt(sequenceHigh) << 32n) | BigInt(sequenceLow),
      );
      const generator = createPcg32([stateHigh, stateLow], [sequenceHigh, sequenceLow]);
      for (let i = 0; i < 2000; i++) expect(generator.nextUint32()).toBe(reference());
    }
  });
});

describe("streams", () => {
  it("repeat for the same seed, purpose and epoch and differ when one of them changes", () => {
    const first = (seed: number, purpose: number, epoch: number) => {
      const generator = createGenerator(seed, purpose, epoch);
      return [generator.nextUint32(), generator.nextUint32()].join();
    };
    expect(first(1, 2, 3)).toBe(first(1, 2, 3));
    const seen = new Set<string>();
    for (let seed = 0; seed < 12; seed++)
      for (let purpose = 0; purpose < 10; purpose++)
        for (let epoch = 0; epoch < 12; epoch++) seen.add(first(seed, purpose, epoch));
    expect(seen.size).toBe(12 * 10 * 12);
  });

  it("are uncorrelated between neighbouring epochs and seeds", () => {
    const draw = (seed: number, epoch: number) => {
      const generator = createGenerator(seed, streamPurpose.randomOrder, epoch);
      return Array.from({ length: 4000 }, () => generator.nextUnit() - 0.5);
    };
    const correlation = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0) / (4000 / 12);
    const base = draw(0, 0);
    // Standard deviation of the estimate is 1/sqrt(4000) = 0.016; five of it.
    for (const other of [draw(0, 1), draw(1, 0), draw(2, 0), draw(0, 2)])
      expect(Math.abs(correlation(base, other))).toBeLessThan(0.08);
  });

  it("refuse seeds outside 32 bits", () => {
    expect(() => createGenerator(-1, 0)).toThrow(RangeError);
    expect(() => createGenerator(2 ** 32, 0)).toThrow(RangeError);
    expect(() => createGenerator(0.5, 0)).toThrow(RangeError);
  });
});

describe("bounded integers and permutations", () => {
  it("are uniform for a bound that does not divide 2^32", () => {
    const generator = createGenerator(5, 0);
    const counts = new Float64Array(7);
    const draws = 70_000;
    for (let i = 0; i < draws; i++) counts[generator.nextBelow(7)]! += 1;
    const chiSquared = counts.reduce((sum, value) => sum + (value - draws / 7) ** 2 / (draws / 7), 0);
    expect(chiSquared).toBeLessThan(27.9); // 6 degrees of freedom, p = 1e-4
  });

  it("reject the draws that would bias: bound 3 * 2^30 keeps only the first round", () => {
    const reference = referencePcg32(7n, 9n);
    const generator = createPcg32([0, 7], [0, 9]);
    const bound = 3 * 2 ** 30;
    let rejected = 0;
    for (let i = 0; i < 200; i++) {
      let draw = reference();
      while (draw < 2 ** 30) {
        rejected++;
        draw = reference();
      }
      expect(generator.nextBelow(bound)).toBe(draw % bound);
    }
    expect(rejected).toBeGreaterThan(20);
  });

  it("hold every index once, and each of the 24 orders of 4 equally often", () => {
    const order = permuteIndices(1000, createGenerator(3, 0));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 24_000; epoch++) {
      const key = permuteIndices(4, createGenerator(0, 0, epoch)).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquared = [...counts.values()].reduce((sum, value) => sum + (value - 1000) ** 2 / 1000, 0);
    expect(chiSquared).toBeLessThan(58); // 23 degrees of freedom, p about 1e-4
  });
});

// Added probe modes: orthogonal, with the stated energies, the total kept.
import { describe, expect, test } from "vitest";
import type { ComplexArray } from "../../src/complex.ts";
import { makeInitialProbe } from "../../src/engine/probe-modes.ts";
import { OptionsError } from "../../src/errors.ts";
import { innerProduct, type Plane, sumSquares } from "../reference/planes.ts";
import { relativeError } from "../support/closeness.ts";
import { makeTinyScan } from "./tiny-scan.ts";

const { dataset } = makeTinyScan({ modes: 3, frame: [16, 12] });
const three = dataset.probe;
const one: ComplexArray = { shape: [1, 16, 12], data: three.data.slice(0, 2 * 16 * 12) };

function modesOf(probe: ComplexArray): Plane[] {
  const [count, height, width] = probe.shape.slice(-3) as [number, number, number];
  const plane = 2 * height * width;
  return Array.from({ length: count }, (_, m) => Float64Array.from(probe.data.subarray(m * plane, (m + 1) * plane)));
}

const energy = (modes: readonly Plane[]) => modes.reduce((sum, mode) => sum + sumSquares(mode), 0);

test("as many as in the file: the file's probe, byte for byte, without a note", () => {
  for (const wanted of [null, 3]) {
    const { probe, notes } = makeInitialProbe(three, wanted, 0.02);
    expect(probe.shape).toEqual([1, 3, 16, 12]);
    expect(Array.from(probe.data)).toEqual(Array.from(three.data));
    expect(notes).toEqual([]);
  }
});

test("fewer: the first ones, with a note", () => {
  const { probe, notes } = makeInitialProbe(three, 2, 0.02);
  expect(probe.shape).toEqual([1, 2, 16, 12]);
  expect(Array.from(probe.data)).toEqual(Array.from(three.data.subarray(0, 2 * 2 * 192)));
  expect(notes.map((note) => note.code)).toEqual(["PROBE_MODES"]);
});

describe("more", () => {
  for (const [wanted, share] of [
    [2, 0.02],
    [3, 0.05],
    [5, 0.02],
    [8, 0.02],
    [4, 0.25],
    [2, 0.5],
  ] as [number, number][]) {
    test(`one mode to ${wanted} with a share of ${share}`, () => {
      const { probe, notes } = makeInitialProbe(one, wanted, share);
      expect(probe.shape).toEqual([1, wanted, 16, 12]);
      expect(notes.map((note) => note.code)).toEqual(["PROBE_MODES"]);
      const modes = modesOf(probe);
      const total = energy(modesOf(one));
      expect(energy(modes) / total).toBeCloseTo(1, 6);
      for (let added = 1; added < wanted; added++)
        expect(sumSquares(modes[added]!) / total).toBeCloseTo(share / added, 6);
      for (let a = 0; a < wanted; a++) {
        for (let b = 0; b < a; b++) {
          const [re, im] = innerProduct(modes[a]!, modes[b]!);
          const scale = Math.sqrt(sumSquares(modes[a]!) * sumSquares(modes[b]!));
          expect(Math.hypot(re, im) / scale).toBeLessThan(1e-5);
        }
      }
      // the file's mode keeps its shape
      const first = modesOf(one)[0]!;
      const factor = Math.sqrt(sumSquares(modes[0]!) / sumSquares(first));
      expect(
        relativeError(
          modes[0]!,
          first.map((value) => factor * value),
        ),
      ).toBeLessThan(1e-6);
    });
  }

  test("the file's modes keep their proportions", () => {
    const { probe } = makeInitialProbe(three, 4, 0.02);
    const [before, after] = [modesOf(three), modesOf(probe)];
    const factors = [0, 1, 2].map((m) => sumSquares(after[m]!) / sumSquares(before[m]!));
    expect(factors[1]! / factors[0]!).toBeCloseTo(1, 6);
    expect(factors[2]! / factors[0]!).toBeCloseTo(1, 6);
    expect(energy(after) / energy(before)).toBeCloseTo(1, 6);
    for (const mode of before) {
      const [re, im] = innerProduct(after[3]!, mode);
      expect(Math.hypot(re, im) / Math.sqrt(sumSquares(after[3]!) * sumSquares(mode))).toBeLessThan(0.3);
    }
  });

  test("32 modes stay finite and keep the total energy", () => {
    const total = energy(modesOf(one));
    for (const wanted of [16, 32]) {
      const { probe } = makeInitialProbe(one, wanted, 0.1);
      expect(probe.data.every(Number.isFinite)).toBe(true);
      expect(energy(modesOf(probe)) / total).toBeCloseTo(1, 5);
    }
  });

  test("shares of more than half in total are refused", () => {
    expect(() => makeInitialProbe(one, 4, 0.3)).toThrow(OptionsError);
    expect(() => makeInitialProbe(one, 4, 0.3)).toThrow(/at most 0\.2727 for 3 added modes/);
    expect(() => makeInitialProbe(three, 4, 0.3)).not.toThrow();
  });

  test("a probe of zeros stays one", () => {
    const zero: ComplexArray = { shape: one.shape, data: new Float32Array(one.data.length) };
    const { probe } = makeInitialProbe(zero, 3, 0.02);
    expect(probe.data.every((value) => value === 0)).toBe(true);
  });
});

// Phase C: positions, split, dose, noise, members; the stand-in's statistics.
import { describe, expect, test } from "vitest";
import { complexView, complexZeros } from "../../src/complex.ts";
import { createStandInBase, type StudyBase } from "../../src/study/base.ts";
import { studyScales } from "../../src/study/design.ts";
import { describeDose, listPhaseCMembers, planPhaseC } from "../../src/study/phase-c.ts";
import { archiveOf, listMembers, metadataOf, numbersOf, reopen } from "../support/study-npz.ts";

const base = createStandInBase({ patternPx: 32, objectPx: 96 });
const settings = { seed: 7, positions: 60, withPatches: false };
const plan = planPhaseC(base, settings);
const train = plan.indices.train.length;
const file = (dose: number, split: "train" | "test") => reopen(listPhaseCMembers(plan, dose, split, "test"));

function amplitudeAndPhase({ object }: StudyBase) {
  const describeNumbers = (values: Float64Array) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, sd: Math.sqrt(square) };
  };
  const { data } = object;
  const each = (value: (re: number, im: number) => number) =>
    Float64Array.from({ length: data.length / 2 }, (_, i) => value(data[2 * i]!, data[2 * i + 1]!));
  return {
    amplitude: describeNumbers(each(Math.hypot)),
    phase: describeNumbers(each((re, im) => Math.atan2(im, re))),
  };
}

describe("stand-in", () => {
  test("has the recorded size and statistics", () => {
    const full = createStandInBase(studyScales.full);
    expect(full.object.shape).toEqual([464, 464]);
    expect(full.probe.shape).toEqual([128, 128]);
    const { amplitude, phase } = amplitudeAndPhase(full);
    expect(amplitude.mean).toBeCloseTo(0.564, 5);
    expect(amplitude.sd).toBeCloseTo(0.046, 5);
    expect(phase.sd).toBeCloseTo(0.275, 5);
  });

  test("has structure of a few pixels: neighbours differ by a good part of the spread", () => {
    const { object } = createStandInBase(studyScales.full);
    let squares = 0;
    for (let y = 0; y < 464; y++) {
      for (let x = 0; x + 3 < 464; x++) {
        const [a, b] = [2 * (y * 464 + x), 2 * (y * 464 + x + 3)];
        const turned = Math.atan2(
          object.data[a + 1]! * object.data[b]! - object.data[a]! * object.data[b + 1]!,
          object.data[a]! * object.data[b]! + object.data[a + 1]! * object.data[b + 1]!,
        );
        squares += turned * turned;
      }
    }
    // Uncorrelated pixels would give 2 sd^2; 3 px apart about half of that is left.
    expect(squares / (464 * 461) / (2 * 0.275 ** 2)).toBeGreaterThan(0.3);
  });
});

describe("plan", () => {
  test("positions are uniform in [b, W - b) x [b, H - b) with b = N/2", () => {
    const large = planPhaseC(base, { ...settings, positions: 4000 });
    expect(large.bufferPx).toBe(16);
    for (const axis of [0, 1]) {
      const values = large.positionsPx.filter((_, i) => i % 2 === axis);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(16);
      expect(Math.max(...values)).toBeLessThan(80);
      for (let quarter = 0; quarter < 4; quarter++) {
        const inside = values.filter((value) => Math.floor((value - 16) / 16) === quarter).length;
        expect(Math.abs(inside - 1000)).toBeLessThan(5 * Math.sqrt(750));
      }
    }
  });

  test("all x are drawn before all y: fewer positions begin with the same x", () => {
    const fewer = planPhaseC(base, { ...settings, positions: 30 });
    const x = (positionsPx: Float64Array) => Array.from(positionsPx.filter((_, i) => i % 2 === 1));
    expect(x(fewer.positionsPx)).toEqual(x(plan.positionsPx).slice(0, 30));
  });

  test("train is y < min + (max - min) / 2, test the rest, both in order", () => {
    const y = plan.positionsPx.filter((_, i) => i % 2 === 0);
    const middle = (Math.min(...y) + Math.max(...y)) / 2;
    expect(plan.splitPointPx).toBeCloseTo(middle, 12);
    const expected = Array.from(y.keys());
    expect(Array.from(plan.indices.train)).toEqual(expected.filter((j) => y[j]! < plan.splitPointPx));
    expect(Array.from(plan.indices.test)).toEqual(expected.filter((j) => y[j]! >= plan.splitPointPx));
  });

  test("the buffer shrinks for objects hardly larger than the probe", () => {
    const tight = { ...base, object: complexView(new Float32Array(2 * 34 * 90).fill(0.5), [34, 90]) };
    expect(planPhaseC(tight, settings).bufferPx).toBe(16);
    const odd = { ...base, object: complexView(new Float32Array(2 * 33 * 90).fill(0.5), [33, 90]) };
    expect(planPhaseC(odd, settings).bufferPx).toBe(15.5);
  });

  test.each([
    ["an odd probe", { probe: complexZeros([31, 31]) }, "STUDY_BASE"],
    ["an object no larger than the probe", { object: complexZeros([32, 96]) }, "STUDY_BASE"],
    ["an object of zeros", { object: complexZeros([96, 96]) }, "STUDY_BASE"],
    [
      "a probe with NaN",
      { probe: complexView(new Float32Array(2 * 1024).fill(Number.NaN), [32, 32]) },
      "not all numbers are finite",
    ],
  ])("%s is refused", (_, part, code) => {
    expect(() => planPhaseC({ ...base, ...part }, settings)).toThrow(code);
  });

  test.each([-1, 1.5, 2 ** 32])("seed %d is refused", (seed) => {
    expect(() => planPhaseC(base, { ...settings, seed })).toThrow("STUDY_SEED");
  });

  test("a split that makes no scan is refused", () => {
    expect(() => planPhaseC(base, { ...settings, positions: 2 })).toThrow("DATA_GEOMETRY");
  });
});

describe("files", () => {
  test("members, types and shapes are the study's", async () => {
    expect(await listMembers(await file(1000, "train"))).toEqual([
      `xcoords: float64 [${train}]`,
      `ycoords: float64 [${train}]`,
      `xcoords_start: float64 [${train}]`,
      `ycoords_start: float64 [${train}]`,
      `diffraction: float32 [${train}, 32, 32]`,
      "probeGuess: complex64 [32, 32]",
      "objectGuess: complex64 [96, 96]",
      `scan_index: int64 [${train}]`,
      `coords_start_offsets: float64 [${train}, 1, 2, 1]`,
      `coords_start_relative: float64 [${train}, 1, 2, 1]`,
      "_metadata: unicode []",
    ]);
  });

  test("the true patches only when asked for", async () => {
    const withPatches = planPhaseC(base, { ...settings, withPatches: true });
    const npz = await reopen(listPhaseCMembers(withPatches, 1000, "test", "test"));
    const members = await listMembers(npz);
    const count = plan.indices.test.length;
    expect(members).toContain(`ground_truth_patches: complex64 [${count}, 32, 32, 1]`);
    expect(members).toContain(`Y: complex64 [${count}, 32, 32]`);
    const patches = await numbersOf(npz, "ground_truth_patches");
    const expected = new Float32Array(2 * 32 * 32);
    const second = plan.indices.test[1]!;
    plan.model.writePatch(plan.positionsPx[2 * second]!, plan.positionsPx[2 * second + 1]!, expected);
    expect(patches.slice(2048, 4096)).toEqual(Array.from(expected));
    expect(await numbersOf(npz, "Y")).toEqual(patches);
  });

  test("coordinates are the split's, starts are copies, scan_index is zero", async () => {
    const npz = await file(1000, "test");
    const y = await numbersOf(npz, "ycoords");
    expect(y).toEqual(Array.from(plan.indices.test, (j) => plan.positionsPx[2 * j]));
    expect(await numbersOf(npz, "xcoords")).toEqual(Array.from(plan.indices.test, (j) => plan.positionsPx[2 * j + 1]));
    expect(await numbersOf(npz, "ycoords_start")).toEqual(y);
    expect(new Set(await numbersOf(npz, "scan_index"))).toEqual(new Set([0]));
  });

  test.each([1000, 100000])("dose %d: amplitudes are sqrt(k) / s and the mean count is the dose", async (dose) => {
    const { intensityScale, photons } = describeDose(plan, dose);
    let total = 0;
    for (const split of ["train", "test"] as const) {
      for (const amplitude of await numbersOf(await file(dose, split), "diffraction")) {
        const count = (amplitude * intensityScale) ** 2;
        expect(Math.abs(count - Math.round(count))).toBeLessThan(3e-7 * (1 + count));
        total += count;
      }
    }
    expect(photons).toBe(dose);
    expect(Math.abs(total / 60 - dose)).toBeLessThan(5 * Math.sqrt(dose / 60));
  });

  test("counts follow the expected intensities", async () => {
    const dose = 1e6;
    const { intensityScale } = describeDose(plan, dose);
    const amplitudes = await numbersOf(await file(dose, "train"), "diffraction");
    const expected = new Float64Array(1024);
    let chi = 0;
    plan.indices.train.forEach((j, at) => {
      plan.model.writeIntensity(plan.positionsPx[2 * j]!, plan.positionsPx[2 * j + 1]!, expected);
      for (let i = 0; i < 1024; i++) {
        const mean = expected[i]! * intensityScale ** 2;
        const count = (amplitudes[1024 * at + i]! * intensityScale) ** 2;
        chi += (count - mean) ** 2 / mean;
      }
    });
    const pixels = 1024 * train;
    expect(Math.abs(chi / pixels - 1)).toBeLessThan(0.05);
  });

  test("same seed, same bytes; another seed or dose, other noise", async () => {
    const bytes = await archiveOf(listPhaseCMembers(plan, 1000, "train", "test"));
    expect(await archiveOf(listPhaseCMembers(planPhaseC(base, settings), 1000, "train", "test"))).toEqual(bytes);
    const other = planPhaseC(base, { ...settings, seed: 8 });
    expect(await archiveOf(listPhaseCMembers(other, 1000, "train", "test"))).not.toEqual(bytes);
    const seeds = [1000, 10000, 100000].map((dose) => describeDose(plan, dose).noiseSeed);
    expect(new Set(seeds).size).toBe(3);
  });

  test("patterns are made one at a time in one buffer", () => {
    const member = listPhaseCMembers(plan, 1000, "train", "test").find(({ name }) => name === "diffraction")!;
    if (!("pieces" in member)) throw new Error("the patterns are not a stream");
    const pieces = [...(member.pieces as Iterable<ArrayBufferView>)];
    expect(pieces.length).toBe(train);
    expect(new Set(pieces).size).toBe(1);
  });

  test("metadata: the original's keys, the stages, and the scale that it never saved", async () => {
    const metadata = await metadataOf(await file(10000, "train"));
    expect(Object.keys(metadata)).toEqual([
      "schema_version",
      "creation_info",
      "physics_parameters",
      "training_parameters",
      "data_transformations",
      "additional_parameters",
    ]);
    expect(metadata.physics_parameters).toMatchObject({ nphotons: 10000, gridsize: 1, N: 32 });
    expect(metadata.training_parameters).toMatchObject({ n_images: 60 });
    const { intensityScale, noiseSeed } = describeDose(plan, 10000);
    expect(metadata.additional_parameters).toMatchObject({
      buffer: 16,
      seed: 7,
      simulation_type: "coordinate_based",
      intensity_scale: intensityScale,
      noise_seed: noiseSeed,
    });
    const steps = metadata.data_transformations as { operation: string; parameters: object }[];
    expect(steps.map(({ operation }) => operation)).toEqual(["canonicalize", "generate_patches", "split_dataset"]);
    expect(steps[2]!.parameters).toMatchObject({
      split_fraction: 0.5,
      split_axis: "y",
      split_point: plan.splitPointPx,
      train_count: train,
      test_count: 60 - train,
    });
  });

  test.each([0, -5, 0.5, Number.NaN])("dose %d is refused", (dose) => {
    expect(() => describeDose(plan, dose)).toThrow("STUDY_DOSE");
  });
});

// Every kind of generated transform under every profile against float64, each with another length than the next.
import { beforeAll, describe, expect, test } from "vitest";
import { profileLimits } from "../../src/engine/state.ts";
import { type LineKind, type LineShape, sumsPerPlane } from "../../src/kernels/line-shape.ts";
import { fitProfile, lanesOf, type Profile, profiles, shapeLine } from "../../src/kernels/profile.ts";
import { noise, relativeError } from "../support/closeness.ts";
import { testDevice } from "../support/gpu.ts";
import { lineKinds, testProfiles } from "../support/line-profiles.ts";
import { computeLine, PATTERNS, planesOf, runLine, UNTOUCHED } from "./run-line.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

/** Six lines a plane: workgroups of fewer lines than they might have, and a last one that is not full. */
const linesPerPlane = 6;

/** Rounding of a float32 transform, twice what a good one has. */
const limitOf = (length: number) => 2 * 0.65 * 2 ** -24 * Math.sqrt(Math.log2(length));

interface Variant {
  readonly kind: LineKind;
  readonly modes: number;
  readonly terms: number;
}

const variants: readonly Variant[] = lineKinds.flatMap((kind): Variant[] => {
  if (kind === "forward-inverse") return [1, 3].map((modes) => ({ kind, modes, terms: 1 }));
  return [{ kind, modes: 1, terms: kind === "forward-sum" ? 2 : 1 }];
});

/**
 * Lengths by profile, and how many of them each kind gets, the next kind from the next length on: SwiftShader compiles
 * barriers and written-out butterflies for seconds. A graphics processor does them all.
 */
const lengths: Readonly<Record<string, readonly [number, readonly number[]]>> = {
  looped: [4, [8, 12, 16, 30, 64, 100, 128, 250]],
  lanes: [1, [64, 128]],
  "lanes of four": [1, [32, 64, 16]],
  serial: [1, [9]],
  unrolled: [1, [15]],
  shared: [1, [250, 100, 64, 12, 8, 30]],
  "shared-16k": [1, [128, 375, 30, 16]],
  "serial from 8 on": [2, [12, 30]],
  "unrolled from 8 on": [2, [8, 16, 30]],
};

function lengthsOf(name: string, number: number): number[] {
  const [wanted, all] = lengths[name]!;
  const count = process.env.PTYCHO_TEST_DEVICE === "gpu" ? all.length : wanted;
  return Array.from({ length: count }, (_, k) => all[(number * count + k) % all.length]!);
}

async function expectTransform(profile: Profile, variant: Variant, length: number, axis: LineShape["axis"]) {
  const fitting = fitProfile(profile, profileLimits(device));
  const shape = shapeLine(fitting, { ...variant, axis, length, linesPerPlane })!;
  expect(shape.inSubgroup, `${length} in a subgroup`).toBe(fitting.subgroupLanes > 0);
  const size = 2 * length * linesPerPlane;
  const planes = planesOf(shape);
  const source = noise(size * planes.source, length);
  const weights = noise(2 * length, 5);
  const actual = await runLine(device, shape, source, weights);
  const expected = computeLine(shape, source, weights);
  const limit = (variant.kind.includes("-") ? 2 : 1) * limitOf(length);
  const label = `${variant.kind}, ${length}, ${axis}`;
  const error = relativeError(actual.result.subarray(0, expected.result.length), expected.result);
  expect(error, label).toBeLessThan(limit);
  const rest = [actual.result.subarray(expected.result.length)];
  if (variant.kind === "inverse-forward") {
    const kept = actual.between.subarray(0, expected.between.length);
    expect(relativeError(kept, expected.between), `${label}, between`).toBeLessThan(limit);
    rest.push(actual.between.subarray(expected.between.length));
  } else if (variant.kind === "forward-inverse") {
    const lanes = sumsPerPlane(shape);
    for (let pattern = 0; pattern < PATTERNS; pattern++) {
      const [sum, count] = [0, 1].map((part) =>
        Array.from({ length: lanes }, (_, lane) => actual.between[2 * (pattern * lanes + lane) + part]!).reduce(
          (total, value) => total + value,
        ),
      );
      expect(Math.abs(sum! / expected.between[2 * pattern]! - 1), `${label}, sums`).toBeLessThan(1e-6);
      expect(count, `${label}, counts`).toBe(length * linesPerPlane);
    }
    rest.push(actual.between.subarray(2 * PATTERNS * lanes));
  } else rest.push(actual.between);
  for (const part of rest)
    expect(
      part.findIndex((value) => value !== UNTOUCHED),
      `${label}, beyond`,
    ).toBe(-1);
}

for (const [name, profile] of testProfiles) {
  describe(name, () => {
    for (const [number, variant] of variants.entries()) {
      const { kind, modes } = variant;
      test(`${kind}${kind === "forward-inverse" ? ` with ${modes} modes` : ""}`, async () => {
        for (const [index, length] of lengthsOf(name, number).entries())
          await expectTransform(profile, variant, length, (index + number) % 2 === 0 ? "row" : "column");
      });
    }
  });
}

test("the test device has the subgroups that lanes need, or is a graphics processor", () => {
  if (process.env.PTYCHO_TEST_DEVICE !== "gpu") expect(lanesOf(profileLimits(device))).toBeGreaterThan(0);
});

test("many modes that go through lanes in a loop", async () => {
  const modes = { kind: "forward-inverse", modes: 5, terms: 1 } as const;
  const profile = fitProfile({ ...profiles.lanes, subgroupLanes: 4 }, profileLimits(device));
  await expectTransform(profile, modes, 64, "column");
});

describe("written-out butterflies of the lengths that get them", () => {
  const modes = { kind: "forward-inverse", modes: 3, terms: 1 } as const;
  const rows = { kind: "inverse-forward", modes: 1, terms: 1 } as const;
  test.each([
    ["64, unrolled", profiles.unrolled, modes, 64, "column"],
    ["100, serial", profiles.serial, rows, 100, "row"],
  ] as const)("%s", async (_, profile, variant, length, axis) => {
    expect(shapeLine(profile, { ...variant, axis, length, linesPerPlane })!.unrolled).toBe(true);
    await expectTransform(profile, variant, length, axis);
  });
});

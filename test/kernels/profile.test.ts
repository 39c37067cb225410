// The choice of a profile and the shapes that follow from it, and the generator's text: pure functions all.
import { describe, expect, test } from "vitest";
import { factorLength, type LineShape, workgroupBytes, workgroupsFor } from "../../src/kernels/line-shape.ts";
import { butterflyParts, writeLineTransform } from "../../src/kernels/line-transform.ts";
import {
  chooseProfile,
  fitProfile,
  type LineNeeds,
  lanesOf,
  listCandidates,
  type Profile,
  profiles,
  shapeLine,
} from "../../src/kernels/profile.ts";
import { profileNames } from "../../src/profile-names.ts";
import { lineKinds, testProfiles } from "../support/line-profiles.ts";

/** Every length up to 1024 that has a transform. */
const lengths = Array.from({ length: 1024 }, (_, index) => index + 1).filter((length) => factorLength(length));

describe("lengths", () => {
  test("are 2^a 3^b 5^c from 8 on, their radices have them as product", () => {
    for (let length = 0; length <= 1024; length++) {
      let rest = length;
      for (const prime of [2, 3, 5]) while (rest > 0 && rest % prime === 0) rest /= prime;
      const radices = factorLength(length);
      expect(radices !== null, `${length}`).toBe(rest === 1 && length >= 8);
      if (!radices) continue;
      expect(radices.length, `${length}`).toBeGreaterThanOrEqual(2);
      expect(
        radices.reduce((product, radix) => product * radix, 1),
        `${length}`,
      ).toBe(length);
      expect([...radices].sort((a, b) => b - a)).toEqual(radices);
    }
  });
});

describe("the profile of an adapter", () => {
  const small = { maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16384, subgroupMinSize: 0 };
  const large = { maxComputeInvocationsPerWorkgroup: 1024, maxComputeWorkgroupStorageSize: 49152, subgroupMinSize: 32 };
  const processor = { ...large, subgroupMinSize: 8 };

  test.each([
    ["a graphics processor", false, "nvidia hopper", large, "shared"],
    ["32 KiB, 256 invocations", false, "apple", { ...small, maxComputeWorkgroupStorageSize: 32768 }, "shared"],
    ["the least a WebGPU device has", false, "", small, "shared-16k"],
    ["a byte too little", false, "", { ...large, maxComputeWorkgroupStorageSize: 32767 }, "shared-16k"],
    ["few invocations", false, "", { ...large, maxComputeInvocationsPerWorkgroup: 128 }, "shared-16k"],
    ["lavapipe", true, "mesa llvmpipe llvmpipe (LLVM 15.0.6, 256 bits)", processor, "lanes"],
    ["lavapipe without subgroups", true, "mesa llvmpipe", { ...large, subgroupMinSize: 0 }, "serial"],
    ["SwiftShader", true, "google swiftshader SwiftShader Device (Subzero)", { ...large, subgroupMinSize: 4 }, "lanes"],
    ["SwiftShader without subgroups", true, "google swiftshader SwiftShader Device (Subzero)", small, "unrolled"],
    ["SwiftShader, whatever its limits", true, "SWIFTSHADER", small, "unrolled"],
    ["another processor", true, "microsoft basic render driver", small, "serial"],
    ["hardware whose name has it", false, "swiftshader-like", large, "shared"],
  ] as const)("%s", (_, software, names, limits, expected) => {
    expect(chooseProfile(software, names, limits)).toBe(profiles[expected]);
  });

  test.each([
    [true, small, ["serial", "looped", "unrolled"]],
    [true, processor, ["lanes", "serial", "looped", "unrolled"]],
    [false, small, ["shared-16k"]],
    [false, large, ["shared", "shared-16k"]],
  ])("is compared with those of its kind that fit (software: %s, %o)", (software, limits, expected) => {
    expect(listCandidates(software, limits)).toEqual(expected);
    // what is chosen without a comparison takes part in it
    expect(expected).toContain(chooseProfile(software, "swiftshader", limits).name);
  });

  test.each([
    [0, 0],
    [2, 0],
    [4, 4],
    [8, 8],
    [32, 8],
  ])("with subgroups of %i shares lines by %i lanes", (subgroupMinSize, subgroupLanes) => {
    expect(fitProfile(profiles.lanes, { ...large, subgroupMinSize })).toEqual({ ...profiles.lanes, subgroupLanes });
    expect(lanesOf({ ...large, subgroupMinSize })).toBe(subgroupLanes);
    expect(fitProfile(profiles.serial, { ...large, subgroupMinSize })).toBe(profiles.serial);
  });

  test("takes no more workgroup memory than there is", () => {
    expect(fitProfile(profiles.shared, small)).toEqual({ ...profiles.shared, workgroupBytes: 16384 });
    expect(fitProfile(profiles.shared, large)).toBe(profiles.shared);
  });

  test.each([
    [8, [64, 128, 256]],
    [4, [16, 32, 64, 128]],
  ])("%i lanes share lines of %o", (subgroupLanes, expected) => {
    const shared = [8, 12, 16, 32, 48, 60, 64, 96, 100, 128, 192, 256, 512].filter((length) => {
      const needs = { kind: "inverse-forward", axis: "row", length, linesPerPlane: 6 } as const;
      return shapeLine({ ...profiles.lanes, subgroupLanes }, needs)!.inSubgroup;
    });
    expect(shared).toEqual(expected);
  });

  test("is known by its name", () => {
    expect(Object.keys(profiles).sort()).toEqual([...profileNames].sort());
    for (const name of profileNames) expect(profiles[name].name).toBe(name);
  });
});

/** Every need of a length: all kinds along both axes of square and oblong planes, several modes at once. */
function needsOf(length: number): LineNeeds[] {
  return lineKinds.flatMap((kind) =>
    (["row", "column"] as const).flatMap((axis) =>
      [length, 25, 96].flatMap((linesPerPlane) => {
        const needs = { kind, axis, length, linesPerPlane, terms: kind === "forward-sum" ? 4 : 1 };
        return kind === "forward-inverse" ? [1, 2, 3, 9].map((modes) => ({ ...needs, modes })) : [needs];
      }),
    ),
  );
}

const labelOf = ({ kind, axis, length, linesPerPlane, modes }: LineNeeds) =>
  `${kind}, ${axis}, ${length}, ${linesPerPlane} lines, ${modes ?? 1} modes`;

/** Bytes of the workgroup memory that a kernel of this kind uses, by the generated text. */
function declaredBytes(shape: LineShape): number {
  let bytes = 0;
  for (const [, name, count] of writeLineTransform(shape).matchAll(/var<workgroup> (\w+): array<vec2f, (\d+)>;/g)) {
    // only the detector adds over a workgroup; what an entry point does not use takes no room
    if (name === "exchange" || shape.kind === "forward-inverse") bytes += 8 * Number(count);
  }
  return bytes;
}

/** Invocations that a workgroup may have, and in each dimension, on any WebGPU device. */
const MOST_INVOCATIONS = 256;

for (const [name, profile] of testProfiles) {
  describe(`shapes of the profile ${name}`, () => {
    test("every length of every kind fits, in workgroups that every device of the profile has", () => {
      for (const length of lengths) {
        for (const needs of needsOf(length)) {
          const { kind, axis, linesPerPlane } = needs;
          const label = labelOf(needs);
          const shape = shapeLine(profile, needs);
          if (!shape) {
            expect(needs.modes ?? 1, label).toBeGreaterThan(1);
            continue;
          }
          const lineCount = 3 * linesPerPlane;
          const checks = {
            asked: shape.kind === kind && shape.axis === axis && shape.linesPerPlane === linesPerPlane,
            modes: shape.modes === (needs.modes ?? 1) && shape.terms === needs.terms,
            invocations: shape.threads * shape.lines <= MOST_INVOCATIONS,
            work: shape.threads <= length / Math.max(...shape.radices),
            lanes: !shape.inSubgroup || shape.radices.every((radix) => radix % shape.threads === 0),
            bytes: workgroupBytes(shape) <= profile.workgroupBytes,
            // barriers are for lines of one plane, whose sums are added
            onePlane: shape.threads === 1 || shape.inSubgroup || linesPerPlane % shape.lines === 0,
            covered: workgroupsFor(shape, lineCount) * shape.lines >= lineCount,
          };
          if (Object.values(checks).includes(false)) expect(checks, label).toBe("all true");
        }
      }
    });

    test("one mode always fits, three do up to 256 samples", () => {
      for (const length of lengths) {
        const needs = { kind: "forward-inverse", axis: "column", length, linesPerPlane: length } as const;
        expect(shapeLine(profile, needs), `${length}`).not.toBeNull();
        if (length <= 256) expect(shapeLine(profile, { ...needs, modes: 3 }), `${length}`).not.toBeNull();
      }
    });

    test("the text declares the workgroup memory that the shape counts, and no more", () => {
      for (const length of lengths) {
        for (const needs of needsOf(length).filter(({ linesPerPlane }) => linesPerPlane !== 25)) {
          // long written-out texts take their time, and have no workgroup memory
          const shape = shapeLine(profile, needs);
          if (!shape || shape.unrolled) continue;
          expect(declaredBytes(shape), labelOf(needs)).toBe(workgroupBytes(shape));
        }
      }
    });
  });
}

describe("the generator's text", () => {
  const shapes = testProfiles.flatMap(([name, profile]) =>
    lineKinds.flatMap((kind) =>
      [8, 60, 100, 128, 1000].flatMap((length) => {
        const needs = { kind, axis: "column", length, linesPerPlane: 10, modes: kind === "forward-inverse" ? 2 : 1 };
        const shape = shapeLine(profile as Profile, { ...needs, axis: "column" });
        return shape ? [[`${kind}, ${length}, ${name}`, shape] as const] : [];
      }),
    ),
  );

  test("is the same every time, opens with what it is, and has readable lines", () => {
    expect(shapes.length).toBeGreaterThan(150);
    for (const [label, shape] of shapes) {
      const text = writeLineTransform(shape);
      expect(writeLineTransform(JSON.parse(JSON.stringify(shape))), label).toBe(text);
      expect(text, label).toMatch(/^\n?\/\/ Line of \d+ = \d+( \* \d+)+ samples/);
      expect(text, label).not.toMatch(/undefined|NaN|\[object|null|\t/);
      const longest = Math.max(...text.split("\n").map((line) => line.length));
      expect(longest, label).toBeLessThanOrEqual(160);
      expect(text.match(/\bfn transformLines\(/g), label).toHaveLength(1);
    }
  });

  test("is short where it has loops, however long the line", () => {
    for (const [label, shape] of shapes.filter(([, { threads, unrolled }]) => threads === 1 && !unrolled))
      expect(writeLineTransform(shape).split("\n").length, label).toBeLessThan(250);
  });

  test("asks for the butterflies it calls", () => {
    for (const [label, shape] of shapes) {
      const called = new Set(Array.from(writeLineTransform(shape).matchAll(/\bdft(\d+)\(/g), (match) => match[1]));
      expect(butterflyParts(shape).sort(), label).toEqual([...called].map((radix) => `parts/dft-${radix}`).sort());
    }
  });

  test("exists for lengths with a transform only", () => {
    const needs = { kind: "forward", axis: "row", linesPerPlane: 8 } as const;
    for (const profile of Object.values(profiles)) {
      for (const length of [4, 7, 14, 22]) {
        expect(() => writeLineTransform(shapeLine(profile, { ...needs, length })!)).toThrow(`${length}`);
      }
    }
  });
});

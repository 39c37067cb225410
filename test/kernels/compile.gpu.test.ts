// Every kernel compiles on the test device, and one that does not says where in which file.
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { profileLimits } from "../../src/engine/state.ts";
import { compileKernel, type KernelSpec } from "../../src/gpu/kernel.ts";
import { shaders } from "../../src/gpu/shaders.ts";
import { gatherParts } from "../../src/kernels/directions.ts";
import { joinLineTransform } from "../../src/kernels/line-transform.ts";
import { fitProfile, type Profile, profiles, shapeLine } from "../../src/kernels/profile.ts";
import { stepSumParts } from "../../src/kernels/steps.ts";
import { testDevice } from "../support/gpu.ts";
import { isLineKernel, kindsOf, listKernelSpecs } from "../support/kernel-specs.ts";
import { lineKinds, testProfiles } from "../support/line-profiles.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

/** Values for the overrides that have no default. */
function requiredConstants(spec: KernelSpec): Record<string, number> {
  const names = shaders[spec.shader]!.code.matchAll(/^override (\w+): \w+;/gm);
  return Object.fromEntries(Array.from(names, (match) => [match[1]!, 4]));
}

const specs = Array.from(await listKernelSpecs());

/** What joins a shader, by kernel. */
const additions: Readonly<Record<string, readonly Pick<KernelSpec, "parts" | "generated">[]>> = {
  stepSums: Object.values(stepSumParts).map(({ part }) => ({ parts: [part] })),
  objectGradient: Object.values(gatherParts).map((part) => ({ parts: [part] })),
  illumination: Object.values(gatherParts).map((part) => ({ parts: [part] })),
};

for (const [name, spec] of specs.filter(([, spec]) => !isLineKernel(spec))) {
  for (const [index, added] of (additions[name] ?? [{}]).entries()) {
    test(`${name}${index > 0 ? `, variant ${index + 1}` : ""} compiles`, async () => {
      const kernel = await compileKernel(device, { ...spec, ...added }, requiredConstants(spec));
      expect(kernel.label).toContain(spec.shader);
    });
  }
}

for (const [name, spec] of specs.filter(([, spec]) => isLineKernel(spec))) {
  for (const kind of kindsOf(spec)) {
    const withShape = (profile: Profile, length: number, modes: number) => {
      const needs = { kind, axis: "column", length, linesPerPlane: 8, modes, terms: 3 } as const;
      return joinLineTransform(spec, shapeLine(fitProfile(profile, profileLimits(device)), needs)!);
    };

    test(`${name}, ${kind}, compiles`, async () => {
      const kernel = await compileKernel(device, withShape(profiles.looped, 12, 2), requiredConstants(spec));
      expect(kernel.label).toContain(spec.shader);
    });

    // without what the driver makes of it, which takes SwiftShader seconds
    test.each(testProfiles)(`${name}, ${kind}, is valid WGSL under the profile %s`, async (_, profile) => {
      for (const [length, modes] of [
        [12, 1],
        [30, 3],
        [64, 1],
      ] as const) {
        const { shader, parts = [], directives = "", generated } = withShape(profile, length, modes);
        const code = directives + [...[shader, ...parts].map((file) => shaders[file]!.code), generated].join("\n");
        const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
        expect(messages.map(({ message, lineNum }) => `${lineNum}: ${message}`)).toEqual([]);
      }
    });
  }
}

test("every kind of transform has a kernel", () => {
  const lineSpecs = specs.filter(([, spec]) => isLineKernel(spec)).map(([, spec]) => spec);
  expect([...new Set(lineSpecs.flatMap(kindsOf))].sort()).toEqual([...lineKinds].sort());
});

describe("a kernel that does not compile", () => {
  const broken: KernelSpec = { shader: "broken", buffers: { values: "readWrite" } };
  const lines = [
    "@group(0) @binding(0) var<storage, read_write> values: array<f32>;",
    "@compute @workgroup_size(64)",
    "fn main() { values[0] = nonsense; }",
  ];
  const embed = (code: string[]) => {
    shaders.broken = { code: code.join("\n"), origin: code.map((_, index) => `shaders/broken.wgsl:${index + 1}`) };
  };
  afterEach(() => {
    delete shaders.broken;
  });

  test("names file and line", async () => {
    embed(lines);
    const failing = compileKernel(device, broken);
    await expect(failing).rejects.toMatchObject({ code: "KERNEL_COMPILE", exitCode: 69 });
    await expect(failing).rejects.toThrow(/shaders\/broken\.wgsl:3: .*nonsense/);
  });

  test("refuses other access than declared", async () => {
    embed([...lines.slice(0, 2), "fn main() { values[0] = 1.0; }"]);
    await expect(compileKernel(device, broken)).resolves.toBeTruthy();
    const readOnly: KernelSpec = { ...broken, buffers: { values: "read" } };
    await expect(compileKernel(device, readOnly)).rejects.toMatchObject({ code: "KERNEL_COMPILE" });
  });

  test("an unknown shader is an error of ours", async () => {
    await expect(compileKernel(device, broken)).rejects.toMatchObject({ code: "KERNEL_UNKNOWN", exitCode: 70 });
  });

  test("a missing parameter or batch table is an error of ours", async () => {
    embed(["@compute @workgroup_size(64)", "fn main() {}"]);
    const counted = await compileKernel(device, { shader: "broken", params: { count: "u32" }, buffers: {} });
    expect(() => counted.bind({ params: {}, buffers: {} })).toThrow(/count/);
    const batched = await compileKernel(device, { shader: "broken", batch: true, buffers: {} });
    expect(() => batched.bind({ buffers: {} })).toThrow(/batch table/);
  });
});

// Every kernel compiles on the test device, and one that does not says where in which file.
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { compileKernel, type KernelSpec } from "../../src/gpu/kernel.ts";
import { shaders } from "../../src/gpu/shaders.generated.ts";
import { testDevice } from "../support/gpu.ts";
import { listKernelSpecs } from "../support/kernel-specs.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

/** Values for the overrides that have no default. */
function requiredConstants(spec: KernelSpec): Record<string, number> {
  const names = shaders[spec.shader]!.code.matchAll(/^override (\w+): \w+;/gm);
  return Object.fromEntries(Array.from(names, (match) => [match[1]!, 4]));
}

for (const [name, spec] of await listKernelSpecs()) {
  const radices = shaders[spec.shader]!.code.includes("fn fftPass") ? [2, 3, 4, 5, 8, 16] : [null];
  for (const radix of radices) {
    test(`${name}${radix === null ? "" : `, ${radix} points`} compiles`, async () => {
      const whole = radix === null ? spec : { ...spec, parts: [`parts/dft-${radix}`] };
      const kernel = await compileKernel(device, whole, requiredConstants(spec));
      expect(kernel.label).toContain(spec.shader);
    });
  }
}

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

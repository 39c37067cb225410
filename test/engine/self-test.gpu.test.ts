// The adapters' self-test passes here, and fails on an adapter that computes something else.
import { beforeAll, expect, test } from "vitest";
import { runSelfTest } from "../../src/engine/self-test.ts";
import { shaders } from "../../src/gpu/shaders.ts";
import { testDevice } from "../support/gpu.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

test("both checks pass on the test device", async () => {
  const results = await runSelfTest(device);
  expect(results.length).toBe(2);
  for (const { ok, detail } of results) expect(ok, detail).toBe(true);
});

test.each([
  [
    "a probe that is not shifted along y",
    "line-shifted-probe",
    "ramp(e, LENGTH, shiftY)",
    "ramp(0u, LENGTH, shiftY)",
    1,
  ],
  ["a step that is one percent too large", "step-sizes", "batchSteps[0] =", "batchSteps[0] = 1.01 *", 1],
  ["a butterfly that loses a sign", "parts/dft-3", "middle.y - difference.x", "middle.y + difference.x", 0],
] as const)("fails with %s", async (_, name, original, changed, check) => {
  const { code } = shaders[name]!;
  expect(code).toContain(original);
  shaders[name] = { ...shaders[name]!, code: code.replace(original, changed) };
  try {
    const results = await runSelfTest(device);
    expect(results[check]!.ok).toBe(false);
  } finally {
    shaders[name] = { ...shaders[name]!, code };
  }
});

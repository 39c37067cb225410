// The scan of the comparison is well conditioned: what rounding does to it does not grow until the gate.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LEAST_MOVEMENT } from "../../bench/compare-gate.ts";
import { readProblem } from "../../bench/compare-problem.ts";
import { writeScan, writeSchedule } from "../../bench/compare-scan.ts";
import { relativeError } from "../../bench/golden-compare.ts";
import { makeUniform } from "../../bench/synthetic.ts";
import { runEngine } from "../engine/run-engine.ts";
import { testDevice } from "../support/gpu.ts";

const EPOCHS = 4;
const ROUNDING = 1e-7;
let device: GPUDevice;
let folder = "";
beforeAll(async () => {
  device = await testDevice();
  folder = await mkdtemp(join(tmpdir(), "ptycho-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

// with Gaussian noise it takes a wide probe, 128 x 128 pixels and a dozen epochs: compare-scan.test.ts measures the probe
test("starts that differ by rounding stay about as near with the Poisson model", async () => {
  const noiseModel = "poisson" as const;
  const scan = await writeScan(folder, { size: 32, modes: 1, patterns: 144 });
  const schedule = await writeSchedule(folder, scan, 48, EPOCHS);
  const job = { scan: scan.path, schedule, canvasShape: scan.canvasShape, epochs: EPOCHS, batchSize: 48, noiseModel };
  const { problem, close } = await readProblem(job);
  const draw = makeUniform(1);
  const data = problem.object.data.map((value) => value * (1 + ROUNDING * (2 * draw() - 1)));
  const one = await runEngine(device, problem, EPOCHS);
  const other = await runEngine(device, { ...problem, object: { ...problem.object, data } }, EPOCHS);
  await close();
  const start = relativeError(data, problem.object.data, scan.illumination);
  expect(start).toBeGreaterThan(0);
  expect(relativeError(one.object.data, problem.object.data, scan.illumination)).toBeGreaterThan(10 * LEAST_MOVEMENT);
  expect(relativeError(other.object.data, one.object.data, scan.illumination)).toBeLessThan(10 * start);
});

// Clocks of the benchmarks on a real engine: they see all its stages, each has a model, and clocks that may not change
// results do not.
import { afterAll, beforeAll, expect, test } from "vitest";
import { stageCost, type Workload } from "../../bench/cost-model.ts";
import { timeBusyByStamps, timeHost, timeStagesByStamps, timeStagesByWall } from "../../bench/stage-clock.ts";
import { makeTimingProblem } from "../../bench/synthetic.ts";
import { LsqmlEngine } from "../../src/engine/lsqml-engine.ts";
import { testDevice } from "../support/gpu.ts";

const EPOCH = 11;
let device: GPUDevice;
const engines: LsqmlEngine[] = [];
beforeAll(async () => {
  device = await testDevice();
});
afterAll(() => {
  for (const engine of engines) engine.destroy();
});

async function startEngine(noiseModel: "gaussian" | "poisson"): Promise<LsqmlEngine> {
  const shape = { size: 16, modeCount: 2, patternCount: 10, batchSize: 5 };
  const engine = await LsqmlEngine.create(device, makeTimingProblem({ ...shape, options: { noiseModel } }), 1);
  engines.push(engine);
  for (const epoch of [0, 1]) await engine.runEpoch(epoch);
  return engine;
}

const workload: Workload = {
  size: 16,
  modes: 2,
  noise: "gaussian",
  sampleBytes: 4,
  canvasPixels: 1000,
  minibatches: [{ patterns: 5, objectPixels: 500 }],
};

test.each(["gaussian", "poisson"] as const)(
  "both clocks see the same stages, and all have a model: %s",
  async (noise) => {
    const engine = await startEngine(noise);
    const stamped = await timeStagesByStamps(device, engine, EPOCH);
    const walled = await timeStagesByWall(device, engine, EPOCH + 1);
    expect([...walled.keys()]).toEqual([...stamped.keys()]);
    expect(stamped.size).toBeGreaterThan(1);
    for (const seconds of [...stamped.values(), ...walled.values()]) expect(seconds).toBeGreaterThanOrEqual(0);
    expect([...stamped.keys()].filter((stage) => stageCost(stage, workload) === null)).toEqual([]);
  },
);

test("clocks that do not hold stages back leave the numbers alone", async () => {
  const [plain, clocked] = [await startEngine("gaussian"), await startEngine("gaussian")];
  for (let k = 0; k < 3; k++) await plain.runEpoch(EPOCH + k);
  await timeStagesByStamps(device, clocked, EPOCH);
  await timeBusyByStamps(device, clocked, EPOCH + 1);
  const host = await timeHost(device, clocked, EPOCH + 2);
  expect(Object.values(host).every((seconds) => seconds > 0)).toBe(true);
  expect(await clocked.readObject()).toEqual(await plain.readObject());
});

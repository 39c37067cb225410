// Scans at the edge of what makes sense: each has a defined outcome, and no NaN ever leaves the engine.
import { beforeAll, describe, expect, test } from "vitest";
import { complexZeros } from "../../src/complex.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { LsqmlEngine } from "../../src/engine/lsqml-engine.ts";
import type { LsqmlProblem } from "../../src/engine/problem.ts";
import { reconstruct } from "../../src/engine/reconstruct.ts";
import type { ReconstructResult } from "../../src/engine/result.ts";
import type { ReconstructOptionsInput } from "../../src/options.ts";
import { moveZeroFrequency } from "../reference/detector.ts";
import { relativeError } from "../support/closeness.ts";
import { testDevice } from "../support/gpu.ts";
import { prepareFromGuess } from "./against-reference.ts";
import { makeTinyScan, packPatterns, type TinyScanSettings } from "./tiny-scan.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

const frame = [16, 16] as const;
const plain = { initialObject: "file", epochs: 4, batchSize: 5, canvas: { extraPx: 6 } } as const;

/** Runs and asserts what holds for every outcome. */
async function runDegenerate(dataset: Dataset, options: ReconstructOptionsInput = {}): Promise<ReconstructResult> {
  const result = await reconstruct(device, dataset, { ...plain, ...options });
  for (const values of [result.object.data, result.probe.data, result.loss])
    expect(values.every(Number.isFinite)).toBe(true);
  expect(result.loss.length).toBe(result.epochsCompleted);
  return result;
}

function withCounts(
  dataset: Dataset,
  counts: readonly Float64Array[],
  packing: TinyScanSettings["packing"] = "float32 amplitude",
): Dataset {
  const totalIntensity = Float64Array.from(counts, (pattern) => pattern.reduce((sum, value) => sum + value, 0));
  return { ...dataset, patterns: packPatterns(counts, frame, packing), totalIntensity };
}

const variants: [string, ReconstructOptionsInput][] = [
  ["joint steps", {}],
  ["separate steps", { solveStepSizesJointly: false }],
  ["poisson", { noiseModel: "poisson" }],
];

for (const [name, options] of variants) {
  describe(name, () => {
    test("one pattern", async () => {
      const { dataset } = makeTinyScan({ count: 1 });
      const result = await runDegenerate(dataset, options);
      expect(result.status).toBe("complete");
      expect(result.loss[3]!).toBeLessThan(result.loss[1]!);
    });

    test("every pattern at the same place", async () => {
      const { dataset } = makeTinyScan({ count: 7 });
      const positionsPx = dataset.positionsPx.map((_, k) => dataset.positionsPx[k % 2]!);
      const result = await runDegenerate({ ...dataset, positionsPx }, options);
      expect(result.status).toBe("complete");
    });

    test("positions in one row: nothing to normalise the object over", async () => {
      const { dataset } = makeTinyScan();
      const positionsPx = dataset.positionsPx.map((value, k) => (k % 2 === 0 ? 30.25 : value));
      const result = await runDegenerate({ ...dataset, positionsPx }, options);
      expect(result.status).toBe("complete");
      expect(result.loss[3]!).toBeLessThan(result.loss[1]!);
    });

    test("one dark pattern", async () => {
      const { dataset, counts } = makeTinyScan();
      const dark = counts.map((pattern, j) => (j === 3 ? new Float64Array(pattern.length) : pattern));
      const result = await runDegenerate(withCounts(dataset, dark), options);
      expect(result.status).toBe("complete");
    });

    test("only dark patterns: the probe is rescaled to nothing", async () => {
      const { dataset, counts } = makeTinyScan();
      const dark = counts.map((pattern) => new Float64Array(pattern.length));
      const result = await runDegenerate(withCounts(dataset, dark), options);
      expect(result.status).toBe("complete");
      expect(result.probe.data.every((value) => value === 0)).toBe(true);
      expect(result.loss[3]!).toBeLessThan(1e-6);
    });

    test("a probe of zeros", async () => {
      const { dataset } = makeTinyScan();
      const result = await runDegenerate({ ...dataset, probe: complexZeros(dataset.probe.shape) }, options);
      expect(result.status).toBe("diverged");
      expect(result.diagnosis).toMatchObject({ likelyCause: "the initial probe is zero everywhere" });
      expect(result.probe.data.every((value) => value === 0)).toBe(true);
    });

    test("one mode of zeros", async () => {
      const { dataset } = makeTinyScan({ modes: 2 });
      const data = dataset.probe.data.map((value, k) => (k < dataset.probe.data.length / 2 ? value : 0));
      const result = await runDegenerate({ ...dataset, probe: { shape: dataset.probe.shape, data } }, options);
      expect(result.status).toBe("complete");
    });

    test("two equal modes, gram-schmidt", async () => {
      const { dataset } = makeTinyScan({ modes: 2 });
      const half = dataset.probe.data.length / 2;
      const data = dataset.probe.data.map((_, k) => dataset.probe.data[k % half]!);
      const probe = { orthogonalizeModes: { method: "gram-schmidt" } } as const;
      const result = await runDegenerate(
        { ...dataset, probe: { shape: dataset.probe.shape, data } },
        { ...options, probe },
      );
      expect(result.status).toBe("complete");
    });

    test("a mask without a valid pixel: nothing moves", async () => {
      const { dataset } = makeTinyScan();
      const mask = new Uint8Array(frame[0] * frame[1]);
      const result = await runDegenerate(
        { ...dataset, mask },
        // one minibatch: a short last one would weigh other patterns more in every epoch
        {
          ...options,
          batchSize: 1000,
          object: { removeObjectProbeAmbiguity: { enabled: false } },
          rescaleProbeInFirstEpoch: false,
        },
      );
      expect(result.status).toBe("complete");
      expect(Array.from(result.probe.data)).toEqual(Array.from(dataset.probe.data));
      expect(result.loss[3]! / result.loss[0]!).toBeCloseTo(1, 12);
    });
  });
}

test("no damping: pixels without light stay as they are", async () => {
  const { dataset } = makeTinyScan();
  const result = await runDegenerate(dataset, { preconditionerDamping: 0, initialObject: "flat" });
  expect(result.status).toBe("complete");
  expect(result.object.data[0]).toBeCloseTo(result.object.data[2]!, 6); // two pixels of the unlit corner
  expect(result.loss[3]!).toBeLessThan(result.loss[1]!);
});

test("unsolvable separate steps are counted and noted", async () => {
  const { dataset } = makeTinyScan();
  const mask = new Uint8Array(frame[0] * frame[1]);
  const result = await runDegenerate({ ...dataset, mask }, { solveStepSizesJointly: false });
  expect(result.notes.map((note) => note.code)).toContain("STEPS_UNSOLVED");
  expect(result.notes.find((note) => note.code === "STEPS_UNSOLVED")!.message).toMatch(/^36 /);
});

for (const [name, options] of variants) {
  test(`data equal to the model leave object and probe where they are: ${name}`, async () => {
    const { dataset } = makeTinyScan();
    const still = {
      ...options,
      batchSize: 12,
      rescaleProbeInFirstEpoch: false,
      object: { removeObjectProbeAmbiguity: { enabled: false } },
    };
    const problem = prepareFromGuess(dataset, still);
    const exact = withCounts(dataset, await modelIntensities(problem), "float32 intensity");
    const result = await runDegenerate(exact, still);
    expect(result.status).toBe("complete");
    expect(Math.max(...result.loss)).toBeLessThan(1e-6);
    expect(relativeError(result.object.data, problem.object.data)).toBeLessThan(1e-6);
    expect(relativeError(result.probe.data, problem.probe.data)).toBeLessThan(1e-6);
  });
}

/** [pattern][y, x] centred intensities of the starting point, as the engine computes them. */
async function modelIntensities(problem: LsqmlProblem): Promise<Float64Array[]> {
  const engine = await LsqmlEngine.create(device, problem, 1, { capture: true });
  try {
    await engine.runEpoch(0, { stopAfterMinibatches: 1 });
    const all = await engine.readFloats(engine.state.slices[0]!.modelled);
    const order = problem.plan.minibatches(0)[0]!;
    const patterns: Float64Array[] = [];
    for (const [place, pattern] of order.entries()) {
      const corner = all.subarray(place * 256, (place + 1) * 256);
      // even frames: moving the zero frequency to the centre and back are the same
      patterns[pattern] = Float64Array.from(moveZeroFrequency(corner, ...frame));
    }
    return patterns;
  } finally {
    engine.destroy();
  }
}
